"""The netlist of a tile of any size: cells with their pieces of wire, any stored pattern, any input pattern."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gaincell_char.circuits.deck import number
from gaincell_char.circuits.gain_cell.cell import PARAMETERS as CELL_PARAMETERS
from gaincell_char.circuits.testbench import Parameter

NETLIST = "array.lib"
_SIZES = tuple(p for p in CELL_PARAMETERS if p.unit in ("m", "F"))
WIRES = (
    Parameter("array.bl_ohm", 1.5, "ohm", 1e-4, 1e3, "bit line, resistance of a segment (one cell pitch)"),
    Parameter("array.bl_F", 0.3e-15, "F", 0.0, 1e-12, "bit line, capacitance of a segment"),
    Parameter("array.wl_ohm", 1.5, "ohm", 1e-4, 1e3, "read word lines, resistance of a segment"),
    Parameter("array.wl_F", 0.4e-15, "F", 0.0, 1e-12, "read word lines, capacitance of a segment without the gates"),
    Parameter("array.rail_ohm", 0.5, "ohm", 1e-4, 1e3, "VDD and VSS along a column, each, resistance of a segment"),
    Parameter("array.rail_F", 0.5e-15, "F", 0.0, 1e-12, "VDD and VSS along a column, each, capacitance of a segment"),
)
SIZE = (Parameter("array.rows", 64.0, "1", 1.0, 1024.0, "word lines of the tile, cells on a bit line"),)
PARAMETERS = CELL_PARAMETERS + WIRES + SIZE


def cell(name: str, nodes: str, values: Mapping[str, float]) -> str:
    """One cell with its wires; `nodes` in the order of netlists/array.lib. Defaults are left to the netlist: a tile of
    64 x 64 is read three times as fast."""
    changed = [
        f"{short}={number(values[short])}"
        for parameter in _SIZES + WIRES
        if values[short := parameter.name.partition(".")[2]] != parameter.default
    ]
    return " ".join([name, nodes, "array_cell", *changed])


def column(index: int, words: Sequence[tuple[str, str]], values: Mapping[str, float], vdd_V: float) -> list[str]:
    """One column: its clamp, its rails, its write side in hold, and a cell for each pair of `words`, the nodes from
    which the cell's WLR and WLRB come.

    Nodes of the cell in row i: `b{i}_{index}` bit line, `d..` VDD, `s..` VSS, `g..` WLR, `h..` WLRB, `q..` store. The
    clamp is the source `vb{index}` at row 0. Where `words` are a column's own sources, columns share no node; where
    they are `g` and `h` of the column before, the tile is wired as it is built. A node that a whole tile shares (as the
    write side would) makes the simulator's matrix slow, so that every column has its own.
    """
    at = f"_{index}"
    lines = [
        f"vb{index} bin{at} 0 {number(values['bl_V'])}",
        f"vd{index} din{at} 0 {number(vdd_V)}",
        f"vs{index} sin{at} 0 0",
        f"vw{index} w{at} 0 {number(values['wbl_hold_V'])}",
        f"vu{index} u{at} 0 {number(values['wwl_hold_V'])}",
        f"vv{index} v{at} 0 {number(values['wwlb_hold_V'])}",
    ]
    for row, (word, word_bar) in enumerate(words):
        near = "in" if row == 0 else str(row - 1)
        wires = " ".join(f"{line}{near}{at} {line}{row}{at}" for line in "bds")
        gates = f"{word} g{row}{at} {word_bar} h{row}{at}"
        lines.append(cell(f"x{row}{at}", f"w{at} u{at} v{at} q{row}{at} {gates} {wires}", values))
    return lines

"""What the testbenches of the write driver share: parameters, the write bit line with its cells, the references."""

from __future__ import annotations

from collections.abc import Mapping

from gaincell_char.circuits.deck import number
from gaincell_char.circuits.testbench import Parameter

NETLIST = "write_driver.lib"
NETLISTS = ("gates.lib", "gain_cell.lib", NETLIST)
LEVELS = 8
_SEGMENTS = 4
NUMERICS = {"gmin": 1e-15, "reltol": 1e-4, "abstol": 1e-12, "vntol": 1e-6, "chgtol": 1e-17, "step_s": 1e-10}
PARAMETERS = (
    Parameter(
        "write_driver.wg", 1.2e-6, "m", 80e-9, 10e-6, "width of the N device of each gate of the tree; P is twice it"
    ),
    Parameter("write_driver.vddh_V", 1.4, "V", 1.0, 2.0, "supply of the tree's gates"),
    Parameter("write_driver.top_V", 0.9, "V", 0.3, 1.1, "highest level; the levels are sevenths of it"),
    Parameter("write_driver.ref_ohm", 1e3, "ohm", 1e-3, 1e6, "resistance of a reference, as one column sees it"),
    Parameter("write_driver.cells", 64.0, "1", 5.0, 1024.0, "cells on the write bit line"),
    Parameter("write_driver.wbl_F", 0.3e-15, "F", 0.0, 1e-13, "wire of the write bit line, a cell pitch"),
    Parameter("write_driver.wbl_ohm", 1.5, "ohm", 1e-3, 1e4, "resistance of the write bit line, a cell pitch"),
    Parameter("write_driver.lead_s", 5e-9, "s", 0.1e-9, 1e-6, "from the driver's enable to the cell's write gate"),
    Parameter("write_driver.hold_V", 0.45, "V", 0.0, 1.1, "write bit line in hold"),
    Parameter("write_driver.wwl_hold_V", -0.5, "V", -1.0, 0.5, "write word line (N) in hold"),
    Parameter("write_driver.wwlb_hold_V", 1.4, "V", 0.4, 2.0, "complementary write word line (P) in hold"),
    Parameter("write_driver.wwl_write_V", 1.4, "V", 0.4, 2.0, "write word line (N) while the cell is written"),
    Parameter(
        "write_driver.wwlb_write_V", -0.5, "V", -1.0, 0.5, "complementary write word line (P) while it is written"
    ),
    Parameter("write_driver.edge_s", 30e-12, "s", 1e-12, 1e-9, "rise and fall time of word lines and logic"),
)


def level_V(code: float, values: Mapping[str, float]) -> float:
    """The voltage of a level, 0 to 7."""
    return code / (LEVELS - 1) * values["top_V"]


def write_bit_line(row: str, previous_V: float, values: Mapping[str, float]) -> list[str]:
    """Write bit line `wbl_row` in pieces of wire, with the cells of a piece in hold behind it as one of that many
    times the width; the last cell, `s_row` at `previous_V`, is the one that is written. Nodes `wbl_row_1` ... along
    the line."""
    waiting = (values["cells"] - 1) / _SEGMENTS
    pitch = values["cells"] / _SEGMENTS
    lines = []
    for piece in range(_SEGMENTS):
        near, far = (f"wbl_{row}_{at}" if at else f"wbl_{row}" for at in (piece, piece + 1))
        half = number(pitch * values["wbl_F"] / 2)
        lines += [
            f"rw{row}_{piece} {near} {far} {number(pitch * values['wbl_ohm'])}",
            f"cn{row}_{piece} {near} 0 {half}",
            f"cf{row}_{piece} {far} 0 {half}",
            f"xh{row}_{piece} {far} wwlh wwlbh sh{row}_{piece} 0 vdd bl vdd 0 gain_cell m={number(waiting)}",
            f".ic v(sh{row}_{piece})={number(values['hold_V'])}",
        ]
    written = f"xc{row} {far_end(row)} wwl wwlb s_{row} 0 vdd bl vdd 0 gain_cell"
    return [*lines, written, f".ic v(s_{row})={number(previous_V)}"]


def far_end(row: str) -> str:
    """The node of the write bit line at the last cell."""
    return f"wbl_{row}_{_SEGMENTS}"


def references(row: str, values: Mapping[str, float]) -> list[str]:
    """The 8 references and the hold voltage of one driver, `r0_row` to `r7_row` and `hold_row`, behind `ref_ohm`."""
    voltages = {f"r{code}": level_V(code, values) for code in range(LEVELS)} | {"hold": values["hold_V"]}
    lines = []
    for name, voltage in voltages.items():
        lines += [
            f"v{name}_{row} i{name}_{row} 0 {number(voltage)}",
            f"r{name}_{row} i{name}_{row} {name}_{row} {number(values['ref_ohm'])}",
        ]
    return lines

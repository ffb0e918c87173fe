"""What the testbenches of the word-line driver share: parameters, the line with its cells, sources, and edges."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gaincell_char.circuits.deck import Array, number
from gaincell_char.circuits.testbench import Parameter
from gaincell_char.spice.types import FailureKind, SimulationFailure, Waveforms

NETLIST = "word_line_driver.lib"
NETLISTS = ("gates.lib", "pulse_counter.lib", "gain_cell.lib", NETLIST)
STEP_S = 1e-9
"""T_max/15: the 16 widths are 0 to 15 of these."""
SEGMENTS = 4
NUMERICS = {"reltol": 1e-3, "abstol": 1e-12, "vntol": 1e-6, "chgtol": 1e-16, "bypass": 1.0, "step_s": 5e-11}
PARAMETERS = (
    Parameter(
        "word_line_driver.wbuf", 1.6e-6, "m", 0.4e-6, 20e-6, "width of the last N device; the P device is twice it"
    ),
    Parameter("word_line_driver.cells", 64.0, "1", 4.0, 1024.0, "cells on the word lines"),
    Parameter("word_line_driver.wl_F", 0.4e-15, "F", 0.0, 1e-13, "wire of each word line, a cell pitch"),
    Parameter("word_line_driver.wl_ohm", 1.5, "ohm", 0.01, 1e4, "resistance of each word line, a cell pitch"),
    Parameter("word_line_driver.v_store_V", 0.9, "V", 0.0, 1.1, "what the cells store"),
    Parameter("word_line_driver.edge_s", 30e-12, "s", 1e-12, 1e-9, "rise and fall time of the signals that come in"),
)


def line(row: str, values: Mapping[str, float], vdd: str = "vdd") -> list[str]:
    """Word lines `wlr_row` and `wlrb_row`, each `SEGMENTS` pieces of wire, with the cells of a piece behind it as one
    of that many times the width. Nodes `wlr_row_1` ... along the line; bit lines at half supply."""
    cells = values["cells"] / SEGMENTS
    lines = []
    for piece in range(SEGMENTS):
        for wire in ("wlr", "wlrb"):
            near, far = _node(wire, row, piece), _node(wire, row, piece + 1)
            half = number(cells * values["wl_F"] / 2)
            lines += [
                f"r{wire}{row}_{piece} {near} {far} {number(cells * values['wl_ohm'])}",
                f"cn{wire}{row}_{piece} {near} 0 {half}",
                f"cf{wire}{row}_{piece} {far} 0 {half}",
            ]
        on = f"{_node('wlr', row, piece + 1)} {_node('wlrb', row, piece + 1)}"
        lines.append(f"xcell{row}_{piece} wbl wwl wwlb st {on} bl {vdd} 0 gain_cell m={number(cells)}")
    return lines


def _node(wire: str, row: str, piece: int) -> str:
    return f"{wire}_{row}_{piece}" if piece else f"{wire}_{row}"


def far_end(row: str) -> tuple[str, str]:
    """The vectors of both word lines at the last cells."""
    return f"v({_node('wlr', row, SEGMENTS)})", f"v({_node('wlrb', row, SEGMENTS)})"


def cell_sources(vdd_V: float, values: Mapping[str, float]) -> list[str]:
    """Supply, bit line and write side of the cells; the storage nodes are driven, as a word line sees no difference."""
    return [
        f"v{node} {node} 0 {number(voltage)}"
        for node, voltage in {
            "vdd": vdd_V,
            "bl": vdd_V / 2,
            "st": values["v_store_V"],
            "wbl": vdd_V / 2,
            "wwl": -0.5,
            "wwlb": 1.4,
        }.items()
    ]


def pulse_times(time: Array, values: Array, threshold_V: float, what: str) -> tuple[float, float] | None:
    """When the one pulse of a waveform rises and falls through a threshold; None where it never does.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where it does so more than once or does not come back.
    """
    above = values >= threshold_V
    at = np.flatnonzero(above[1:] != above[:-1])
    if at.size == 0 and not above[0]:
        return None
    if at.size != 2 or above[0]:
        raise SimulationFailure(
            FailureKind.MEASURE_FAILED, f"{what}: {at.size} crossings of {threshold_V:.3g} V, expected one pulse"
        )
    share = (threshold_V - values[at]) / (values[at + 1] - values[at])
    rise, fall = time[at] + share * (time[at + 1] - time[at])
    return float(rise), float(fall)


def line_pulse(waveforms: Waveforms, vector: str, vdd_V: float, share: float = 0.5) -> tuple[float, float] | None:
    """`pulse_times` of a word line at a share of the supply; the complementary line is taken upside down."""
    values = waveforms.vectors[vector]
    if vector.startswith("v(wlrb"):
        values = vdd_V - values
    return pulse_times(waveforms.scale, values, share * vdd_V, vector)

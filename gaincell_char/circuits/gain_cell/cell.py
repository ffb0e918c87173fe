"""What the testbenches of the gain cell share: parameters, levels, supplies and the instance of the cell."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gaincell_char.circuits.deck import number
from gaincell_char.circuits.testbench import Parameter

NETLIST = "gain_cell.lib"


def evenly(low: float, high: float, count: int) -> tuple[float, ...]:
    """`count` values from `low` to `high`, rounded so that they read as they were meant."""
    return tuple(round(float(value), 12) for value in np.linspace(low, high, count))


LEVELS_V = evenly(0.0, 0.9, 8)
"""The 8 stored levels of 3 bit."""
_DEVICES = (
    Parameter("gain_cell.wn", 80e-9, "m", 40e-9, 5e-6, "width of the N read device (thick oxide)"),
    Parameter("gain_cell.lrn", 2.0e-6, "m", 150e-9, 20e-6, "length of the N read device"),
    Parameter("gain_cell.wp", 80e-9, "m", 40e-9, 5e-6, "width of the P read device (thick oxide)"),
    Parameter("gain_cell.lrp", 0.55e-6, "m", 150e-9, 20e-6, "length of the P read device"),
    Parameter("gain_cell.wsn", 100e-9, "m", 40e-9, 5e-6, "width of the N select device (core)"),
    Parameter("gain_cell.wsp", 100e-9, "m", 40e-9, 5e-6, "width of the P select device (core)"),
    Parameter("gain_cell.lsel", 30e-9, "m", 30e-9, 1e-6, "length of both select devices"),
    Parameter("gain_cell.wwn", 100e-9, "m", 40e-9, 5e-6, "width of the N write device (thick oxide)"),
    Parameter("gain_cell.wwp", 100e-9, "m", 40e-9, 5e-6, "width of the P write device (thick oxide)"),
    Parameter("gain_cell.lwr", 150e-9, "m", 150e-9, 5e-6, "length of both write devices"),
    Parameter("gain_cell.storage_F", 10e-15, "F", 0.5e-15, 1e-12, "storage capacitor"),
)
_OPERATION = (
    Parameter("gain_cell.bl_V", 0.45, "V", 0.0, 1.1, "voltage at which the bit line is held while cells are read"),
    Parameter("gain_cell.wbl_hold_V", 0.45, "V", 0.0, 1.1, "write bit line in hold"),
    Parameter("gain_cell.wwl_hold_V", -0.5, "V", -1.0, 0.5, "write word line (N) in hold"),
    Parameter("gain_cell.wwlb_hold_V", 1.4, "V", 0.4, 2.0, "complementary write word line (P) in hold"),
    Parameter("gain_cell.wwl_write_V", 1.4, "V", 0.4, 2.0, "write word line (N) while the cell is written"),
    Parameter("gain_cell.wwlb_write_V", -0.5, "V", -1.0, 0.5, "complementary write word line (P) while it is written"),
    Parameter("gain_cell.edge_s", 30e-12, "s", 1e-12, 1e-9, "rise and fall time of word lines and write bit line"),
)
PARAMETERS = _DEVICES + _OPERATION
SIZES = frozenset(parameter.name for parameter in _DEVICES)
"""What cells that are simulated side by side may differ in."""


def instance(name: str, nodes: str, values: Mapping[str, float]) -> str:
    """One cell; `nodes` in the order wbl wwl wwlb st wlr wlrb bl vdd vss."""
    sizes = (parameter.name.partition(".")[2] for parameter in _DEVICES)
    return f"{name} {nodes} gain_cell {' '.join(f'{size}={number(values[size])}' for size in sizes)}"


def sources(**voltages_V: float) -> list[str]:
    """A constant source from each named node to ground."""
    return [f"v{node} {node} 0 {number(voltage)}" for node, voltage in voltages_V.items()]


def hold(values: Mapping[str, float]) -> list[str]:
    """The sources of the write side in hold: nodes wbl, wwl, wwlb."""
    return sources(wbl=values["wbl_hold_V"], wwl=values["wwl_hold_V"], wwlb=values["wwlb_hold_V"])

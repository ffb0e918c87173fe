"""The grid on which the currents of a cell in a tile are measured: its stored voltage and the shifts of its wires."""

from __future__ import annotations

from gaincell_char.circuits.gain_cell.cell import evenly
from gaincell_char.circuits.testbench import Axis

STORE = Axis(
    "v_store_V",
    "V",
    evenly(0.0, 0.9, 29),
    True,
    "storage node as written; every fourth is a level",
)
BL_SHIFT = Axis("bl_shift_V", "V", evenly(-0.06, 0.06, 13), True, "the cell's bit line above its clamp")
VSS_RISE = Axis("vss_rise_V", "V", (0.0,), False, "the cell's VSS above that of the supply")
VDD_DROP = Axis("vdd_drop_V", "V", (0.0,), False, "the cell's VDD below that of the supply")
CURRENT_AXES = (STORE, BL_SHIFT, VSS_RISE, VDD_DROP)
CURRENT_COLUMNS = {"sink_A": "A", "source_A": "A"}

"""Direct current of the read branch, I(V_store, V_BL), read word lines on: one nested .dc sweep."""

from __future__ import annotations

import numpy as np

from gaincell_char.circuits.deck import assemble, finite, number
from gaincell_char.circuits.gain_cell.cell import NETLIST, PARAMETERS, evenly, hold, instance, sources
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values, uniform_step
from gaincell_char.circuits.testbench import Axis, Mismatch, Setting, Testbench
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms

AXES = (
    Axis(
        "v_store_V", "V", evenly(-0.05, 0.95, 81), True, "storage node; 50 mV beyond the levels for the kick of a read"
    ),
    Axis("v_bl_V", "V", evenly(0.25, 0.65, 17), True, "bit line"),
)
NUMERICS = {"gmin": 1e-15, "reltol": 1e-6, "abstol": 1e-16, "vntol": 1e-9}


def deck(setting: Setting) -> Deck:
    """The cell with both storage node and bit line driven; `i(vbl)` is the negative of the current into the cell."""
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    lines = [
        *sources(vdd=setting.vdd_V, st=0.0, bl=values["bl_V"], wlr=setting.vdd_V, wlrb=0.0),
        *hold(values),
        instance("x1", "wbl wwl wwlb st wlr wlrb bl vdd 0", values),
        f".dc {_sweep('vst', 'v_store_V', axes)} {_sweep('vbl', 'v_bl_V', axes)}",
    ]
    return assemble("gain cell, read current", setting, NETLIST, numeric_values(setting, NUMERICS), lines, ["i(vbl)"])


def _sweep(source: str, axis: str, axes: dict[str, tuple[float, ...]]) -> str:
    points = axes[axis]
    return f"{source} {number(points[0])} {number(points[-1])} {number(uniform_step(axis, points))}"


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a point; `current_A` is positive into the cell from the bit line.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the sweep has other points than were asked for.
    """
    axes = axis_values(setting, AXES)
    stores, lines = axes["v_store_V"], axes["v_bl_V"]
    swept = np.tile(np.asarray(stores), len(lines))
    if waveforms.scale.shape != swept.shape or not np.allclose(waveforms.scale, swept, rtol=0, atol=1e-7):
        raise SimulationFailure(
            FailureKind.MEASURE_FAILED,
            f"the sweep has {waveforms.scale.size} points where {len(stores)} x {len(lines)} were asked for",
        )
    current = -waveforms.vectors["i(vbl)"].reshape(len(lines), len(stores))
    return [
        {"v_store_V": store, "v_bl_V": line, "current_A": finite(float(current[row, column]), "current")}
        for row, line in enumerate(lines)
        for column, store in enumerate(stores)
    ]


TESTBENCH = Testbench(
    circuit="gain_cell",
    name="iv",
    summary="direct read current over stored voltage and bit-line voltage",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"current_A": "A"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
    mismatch=Mismatch(r"x1", same=True),
)

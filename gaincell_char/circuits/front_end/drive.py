"""The amplifier's current over bit line and output: what a burst of cells can draw before the bit line gives way."""

from __future__ import annotations

import numpy as np

from gaincell_char.circuits.deck import assemble, finite, number
from gaincell_char.circuits.front_end.stage import AMPLIFIER, NETLISTS, PARAMETERS, sizes
from gaincell_char.circuits.gain_cell.cell import evenly, sources
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values, uniform_step
from gaincell_char.circuits.testbench import Axis, Mismatch, Setting, Testbench
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms

AXES = (
    Axis("bl_V", "V", evenly(0.25, 0.65, 81), True, "bit line: the amplifier's input"),
    Axis("out_V", "V", evenly(0.45, 0.80, 8), True, "integrator output"),
)
NUMERICS = {"gmin": 1e-15, "reltol": 1e-6, "abstol": 1e-16, "vntol": 1e-9}


def deck(setting: Setting) -> Deck:
    """The amplifier between two sources, and one with its output on its input, which shows the trip point."""
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    lines = [
        *sources(vdd=setting.vdd_V, a=setting.vdd_V, bl=setting.vdd_V / 2, out=setting.vdd_V / 2),
        f"x1 bl out a 0 amplifier {sizes(values, AMPLIFIER)}",
        f"xt trip trip vdd 0 amplifier {sizes(values, AMPLIFIER)}",
        f".dc {_sweep('vbl', 'bl_V', axes)} {_sweep('vout', 'out_V', axes)}",
    ]
    vectors = ["i(vout)", "i(va)", "v(trip)"]
    return assemble(
        "bit-line amplifier, output current", setting, NETLISTS, numeric_values(setting, NUMERICS), lines, vectors
    )


def _sweep(source: str, axis: str, axes: dict[str, tuple[float, ...]]) -> str:
    points = axes[axis]
    return f"{source} {number(points[0])} {number(points[-1])} {number(uniform_step(axis, points))}"


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a point: `current_A` out of the amplifier, `supply_A` that it takes, `trip_V` where input equals output.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the sweep has other points than were asked for.
    """
    axes = axis_values(setting, AXES)
    lines, outs = axes["bl_V"], axes["out_V"]
    swept = np.tile(np.asarray(lines), len(outs))
    if waveforms.scale.shape != swept.shape or not np.allclose(waveforms.scale, swept, rtol=0, atol=1e-7):
        raise SimulationFailure(
            FailureKind.MEASURE_FAILED,
            f"the sweep has {waveforms.scale.size} points where {len(lines)} x {len(outs)} were asked for",
        )
    shape = len(outs), len(lines)
    current, supply, trip = (waveforms.vectors[name].reshape(shape) for name in ("i(vout)", "i(va)", "v(trip)"))
    return [
        {
            "bl_V": line,
            "out_V": out,
            "current_A": finite(float(current[row, at]), "output current"),
            "supply_A": finite(float(-supply[row, at]), "supply current"),
            "trip_V": finite(float(trip[row, at]), "trip point"),
        }
        for row, out in enumerate(outs)
        for at, line in enumerate(lines)
    ]


TESTBENCH = Testbench(
    circuit="front_end",
    name="drive",
    summary="output current of the amplifier over bit line and output voltage, quiescent current, trip point",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"current_A": "A", "supply_A": "A", "trip_V": "V"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
    mismatch=Mismatch(r"x[1t]"),
)

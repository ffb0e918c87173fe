"""When the count clock's first edges come after the window, over the phase of the fast clock."""

from __future__ import annotations

from gaincell_char.circuits.deck import assemble, number
from gaincell_char.circuits.pulse_counter.counter import (
    CLOCK_PERIOD_S,
    NETLISTS,
    NUMERICS,
    PARAMETERS,
    PERIODS_PER_STEP,
    WINDOW_S,
    controls,
    fast_clock,
    idle_columns,
    rising,
)
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms

AXES = (
    Axis(
        "wait",
        "1",
        (0.0, 0.2, 0.4, 0.6, 0.8),
        True,
        "from the window to the next rise of the fast clock, in its periods",
    ),
    Axis("clock_period_s", "s", (CLOCK_PERIOD_S,), False, "fast clock; a counter step is 8 of them"),
)
_NUMERICS = NUMERICS | {"step_s": 1e-11}
_STEPS = 1.9  # two edges


def deck(setting: Setting) -> Deck:
    """A count clock for each phase, each with the columns of a tile."""
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    numerics = numeric_values(setting, _NUMERICS)
    (period,), vdd = axes["clock_period_s"], setting.vdd_V
    window = _STEPS * PERIODS_PER_STEP * period
    lines = controls(vdd, window + 1e-9, values)
    vectors = []
    for row, wait in enumerate(axes["wait"]):
        lines += [
            f"vck{row} ck{row} 0 {fast_clock(vdd, period, wait)}",
            f"xclock{row} ck{row} win clk{row} vdd 0 count_clock",
            *idle_columns(f"idle{row}", f"clk{row}", values["columns"], values),
        ]
        vectors.append(f"v(clk{row})")
    step = numerics["step_s"]
    lines.append(f".tran {number(step)} {number(WINDOW_S + window)} 0 {number(step)}")
    return assemble("pulse counter, phase of the count clock", setting, NETLISTS, numerics, lines, vectors)


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a phase: `first_edge_s` from the window to the first rise of the count clock at half supply, `step_s` to
    the second.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the clock has no two edges.
    """
    axes = axis_values(setting, AXES)
    (period,) = axes["clock_period_s"]
    rows = []
    for row, wait in enumerate(axes["wait"]):
        edges = rising(waveforms, f"v(clk{row})", setting.vdd_V / 2)
        if edges.size < 2:
            raise SimulationFailure(
                FailureKind.MEASURE_FAILED, f"the count clock has {edges.size} edges in {_STEPS} steps after the window"
            )
        rows.append(
            {
                "wait": wait,
                "clock_period_s": period,
                "first_edge_s": float(edges[0]) - WINDOW_S,
                "step_s": float(edges[1] - edges[0]),
            }
        )
    return rows


TESTBENCH = Testbench(
    circuit="pulse_counter",
    name="phase",
    summary="first edge of the count clock after the window, over the phase of the fast clock",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"first_edge_s": "s", "step_s": "s"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=_NUMERICS,
)

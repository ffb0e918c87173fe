"""How sharp a count boundary is: pulses that end a little before and after an edge of the count clock."""

from __future__ import annotations

from gaincell_char.circuits.deck import assemble, number, reading
from gaincell_char.circuits.pulse_counter.counter import (
    CLOCK_PERIOD_S,
    NETLISTS,
    NUMERICS,
    PARAMETERS,
    PERIODS_PER_STEP,
    column,
    controls,
    flanks,
    piecewise,
    rising,
)
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms

AXES = (
    Axis(
        "margin_s", "s", tuple(round(k * 4e-12, 15) for k in range(-64, -20)), True, "end of the pulse minus clock edge"
    ),
)
_NUMERICS = NUMERICS | {"step_s": 4e-11}
_STEP_S = CLOCK_PERIOD_S * PERIODS_PER_STEP
_FIRST_S = 1.5 * _STEP_S


def deck(setting: Setting) -> Deck:
    """One column on an ideal count clock, two steps a margin: no pulse at the first edge, then one that ends near the
    second. So what the flip-flop holds before is always the same, and a hesitation shows as delay."""
    values = parameter_values(setting, PARAMETERS)
    margins = axis_values(setting, AXES)["margin_s"]
    numerics = numeric_values(setting, _NUMERICS)
    vdd, edge, step = setting.vdd_V, values["edge_s"], numerics["step_s"]
    clock, train = [(0.0, 0.0)], [(0.0, 0.0)]
    for row, margin in enumerate(margins):
        for at in (_edge(row) - _STEP_S, _edge(row)):
            clock += [(at, vdd), (at + _STEP_S / 2, 0.0)]
        train += [(_edge(row) - _STEP_S / 2, vdd), (_edge(row) + margin, 0.0)]
    lines = [
        *controls(vdd, _STEP_S, values),
        f"vclk clk 0 {piecewise(flanks(clock, edge))}",
        f"vp p 0 {piecewise(flanks(train, edge))}",
        column("1", "p", "clk", "vdd", values),
        f".tran {number(step)} {number(_edge(len(margins) - 1) + _STEP_S / 2)} 0 {number(step)}",
    ]
    return assemble("pulse counter, aperture", setting, NETLISTS, numerics, lines, ["v(x1.seen)"])


def _edge(row: int) -> float:
    return _FIRST_S + (2 * row + 1) * _STEP_S


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a margin: `seen` (1: the pulse counts) half a step after the edge, when the counter takes it over, and
    `decision_s`, from the edge to half supply (0 where the pulse is not seen).

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the flip-flop has not decided by then.
    """
    vdd = setting.vdd_V
    rises = rising(waveforms, "v(x1.seen)", vdd / 2)
    rows = []
    for row, margin in enumerate(axis_values(setting, AXES)["margin_s"]):
        share = reading(waveforms, "v(x1.seen)", _edge(row) + _STEP_S / 2) / vdd
        if not (abs(share) < 0.1 or abs(share - 1) < 0.1):
            raise SimulationFailure(
                FailureKind.MEASURE_FAILED,
                f"pulse end {margin:g} s from the edge: undecided half a step later ({share:.2f})",
            )
        after = rises[(rises > _edge(row)) & (rises < _edge(row) + _STEP_S / 2)] - _edge(row)
        seen = share > 0.5
        rows.append({"margin_s": margin, "seen": float(seen), "decision_s": float(after[0]) if seen else 0.0})
    return rows


TESTBENCH = Testbench(
    circuit="pulse_counter",
    name="aperture",
    summary="whether a pulse that ends near an edge of the count clock is counted, and how long the decision takes",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"seen": "1", "decision_s": "s"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=_NUMERICS,
)

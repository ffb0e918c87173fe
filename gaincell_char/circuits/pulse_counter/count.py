"""Counts of many widths, with the count clock and the load of a whole tile: exact, or a failed measurement."""

from __future__ import annotations

import math

from gaincell_char.circuits.deck import assemble, integral, number
from gaincell_char.circuits.pulse_counter.counter import (
    CLOCK_PERIOD_S,
    LARGEST_COUNT,
    NETLISTS,
    NUMERICS,
    PARAMETERS,
    PERIODS_PER_STEP,
    STAGES,
    WINDOW_S,
    column,
    controls,
    count_of,
    fast_clock,
    flanks,
    idle_columns,
    piecewise,
)
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms

_STEP_S = CLOCK_PERIOD_S * PERIODS_PER_STEP
AXES = (
    Axis(
        "width_s",
        "s",
        tuple(_STEP_S * (quarter + 0.25) for quarter in (0, 0.5, 7, 7.5, 15.5)),
        True,
        "pulse",
    ),
    Axis("clock_period_s", "s", (CLOCK_PERIOD_S,), False, "fast clock; a counter step is 8 of them"),
    Axis("wait", "1", (0.5,), False, "from the window to the next rise of the fast clock, in its periods"),
)
_PHASE_KNOWN = 0.15
"""Widths nearer to a half step than this (in steps) may count either way: the phase of the clock decides."""


def deck(setting: Setting) -> Deck:
    """A column for each width, all on one count clock; the rest of the tile's columns see no pulse.

    Raises
    ------
    InputError
        A width shorter than its edges, or more widths than columns.
    """
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    numerics = numeric_values(setting, NUMERICS)
    (period,), (wait,), edge = axes["clock_period_s"], axes["wait"], values["edge_s"]
    vdd, widths = setting.vdd_V, axes["width_s"]
    _check(widths, values["columns"], edge)
    lines = [
        *controls(vdd, _window(values["window_steps"], period), values),
        f"vck ck 0 {fast_clock(vdd, period, wait)}",
        f"vclk vclk 0 {number(vdd)}",
        "xclock ck win clk vclk 0 count_clock",
        *idle_columns("idle", "clk", values["columns"] - len(widths), values),
    ]
    vectors = ["i(vclk)"]
    start = WINDOW_S + values["pulse_lag_s"]
    for row, width in enumerate(widths):
        end = min(start + width, WINDOW_S + _window(values["window_steps"], period) + values["pulse_lag_s"])
        lines += [
            f"vp{row} p{row} 0 {piecewise(flanks([(0.0, 0.0), (start, vdd), (end, 0.0)], edge))}",
            f"vs{row} s{row} 0 {number(vdd)}",
            column(str(row), f"p{row}", "clk", f"s{row}", values),
        ]
        vectors += [f"i(vs{row})", *(f"v(b{stage}_{row})" for stage in range(STAGES))]
    step = min(numerics["step_s"], period / 6)
    lines.append(f".tran {number(step)} {number(_end(values['window_steps'], period))} 0 {number(step)}")
    return assemble("pulse counter, counts", setting, NETLISTS, numerics, lines, vectors)


def _check(widths_s: tuple[float, ...], columns: float, edge_s: float) -> None:
    if len(widths_s) > columns:
        raise InputError(f"axis width_s: {len(widths_s)} widths, but the tile has {columns:g} columns; split the sweep")
    if min(widths_s) <= edge_s:
        raise InputError(f"axis width_s: {min(widths_s):g} s has no room for its edges of {edge_s:g} s; make it longer")


def _window(steps: float, period_s: float) -> float:
    return steps * PERIODS_PER_STEP * period_s


def _end(window_steps: float, period_s: float) -> float:
    return WINDOW_S + _window(window_steps + 0.7, period_s)


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a width: `count` on the five bits, `energy_J` from the column's supply, reset to bits, and
    `clock_energy_J` from the supply of the count clock, which all columns share.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where a bit is at no rail, or a count is not the width in steps, rounded.
    """
    axes, vdd = axis_values(setting, AXES), setting.vdd_V
    (period,), (wait,) = axes["clock_period_s"], axes["wait"]
    steps = parameter_values(setting, PARAMETERS)["window_steps"]
    end = _end(steps, period)
    clock = -vdd * integral(waveforms.scale, waveforms.vectors["i(vclk)"], 0.0, end, "energy of the clock")
    rows = []
    for row, width in enumerate(axes["width_s"]):
        count = count_of(waveforms, str(row), vdd)
        _require(count, min(width / (PERIODS_PER_STEP * period), steps))
        energy = -vdd * integral(waveforms.scale, waveforms.vectors[f"i(vs{row})"], 0.0, end, "energy of a column")
        rows.append(
            {
                "width_s": width,
                "clock_period_s": period,
                "wait": wait,
                "count": float(count),
                "energy_J": energy,
                "clock_energy_J": clock,
            }
        )
    return rows


def _require(count: int, width_steps: float) -> None:
    low, high = (min(math.floor(width_steps + 0.5 + guard), LARGEST_COUNT) for guard in (-_PHASE_KNOWN, _PHASE_KNOWN))
    if not low <= count <= high:
        expected = f"{low}" if low == high else f"{low} or {high}"
        raise SimulationFailure(
            FailureKind.MEASURE_FAILED,
            f"a pulse of {width_steps:.4g} steps counted {count}, expected {expected}",
        )


TESTBENCH = Testbench(
    circuit="pulse_counter",
    name="count",
    summary="count and energy over the pulse's width, with the count clock started by the window",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"count": "1", "energy_J": "J", "clock_energy_J": "J"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
)

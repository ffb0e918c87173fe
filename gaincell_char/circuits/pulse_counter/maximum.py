"""How fast the fast clock may be: counts of short pulses at higher and higher frequency, right or wrong."""

from __future__ import annotations

from gaincell_char.circuits.deck import assemble, number
from gaincell_char.circuits.pulse_counter.counter import (
    CLOCK_PERIOD_S,
    NETLISTS,
    NUMERICS,
    PARAMETERS,
    PERIODS_PER_STEP,
    STAGES,
    WINDOW_S,
    column,
    controls,
    fast_clock,
    flanks,
    idle_columns,
    piecewise,
)
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.spice.types import Deck, Waveforms

AXES = (
    Axis("width_steps", "1", (4.0,), True, "pulse and window, in counter steps; whole, so far from a count boundary"),
    Axis("clock_period_s", "s", tuple(CLOCK_PERIOD_S / faster for faster in (1.2, 1.6, 2.0)), False, "fast clock"),
)


def deck(setting: Setting) -> Deck:
    """A column for each width; the window closes after the longest."""
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    numerics = numeric_values(setting, NUMERICS)
    (period,), vdd = axes["clock_period_s"], setting.vdd_V
    step, time_step = PERIODS_PER_STEP * period, min(numerics["step_s"], period / 8)
    start, longest = WINDOW_S + values["pulse_lag_s"], max(axes["width_steps"])
    lines = [
        *controls(vdd, (longest + 0.5) * step, values),
        f"vck ck 0 {fast_clock(vdd, period, 0.5)}",
        "xclock ck win clk vdd 0 count_clock",
        *idle_columns("idle", "clk", values["columns"] - len(axes["width_steps"]), values),
    ]
    vectors = []
    for row, width in enumerate(axes["width_steps"]):
        levels = [(0.0, 0.0), (start, vdd), (start + width * step, 0.0)]
        lines += [
            f"vp{row} p{row} 0 {piecewise(flanks(levels, values['edge_s']))}",
            column(str(row), f"p{row}", "clk", "vdd", values),
        ]
        vectors += [f"v(b{stage}_{row})" for stage in range(STAGES)]
    # the bits ripple: five stages want their time however fast the clock is
    end = WINDOW_S + (longest + 0.5) * step + 1e-9
    lines.append(f".tran {number(time_step)} {number(end)} 0 {number(time_step)}")
    return assemble("pulse counter, fast clock", setting, NETLISTS, numerics, lines, vectors)


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a width: `miscount`, how far the bits, each taken as high or low at half supply, are from the width."""
    axes = axis_values(setting, AXES)
    (period,) = axes["clock_period_s"]
    rows = []
    for row, width in enumerate(axes["width_steps"]):
        high = [waveforms.vectors[f"v(b{stage}_{row})"][-1] > setting.vdd_V / 2 for stage in range(STAGES)]
        count = sum(bool(bit) << stage for stage, bit in enumerate(high))
        rows.append({"width_steps": width, "clock_period_s": period, "miscount": count - width})
    return rows


TESTBENCH = Testbench(
    circuit="pulse_counter",
    name="maximum",
    summary="miscount of whole steps as the fast clock is made faster",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"miscount": "1"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
)

"""Figure of docs/pulse_counter.md, a pulse being counted: python docs/figures/pulse_counter.py"""

from __future__ import annotations

from waveforms import Phase, Trace, figure, simulate

from gaincell_char.circuits.pulse_counter import count, counter
from gaincell_char.circuits.testbench import Setting

STEP_S = counter.CLOCK_PERIOD_S * counter.PERIODS_PER_STEP
STEPS = 5.25


def main() -> None:
    setting = Setting(axes={"width_s": (STEPS * STEP_S,)})
    deck = count.deck(setting)
    found = simulate(deck, ("v(win)", "v(clk)", "v(p0)", "v(x0.seen)", "v(x0.g)"))
    (row,) = count.measure(setting, found)
    start = counter.WINDOW_S
    rows = {
        "window, V": [Trace("v(win)", "window", None)],
        "clock, V": [Trace("v(clk)", "count clock", 0)],
        "pulse, V": [Trace("v(p0)", "pulse", 1), Trace("v(x0.seen)", "seen", 2)],
        "count, V": [Trace("v(x0.g)", "counts", 4)],
        "bits, V": [Trace(f"v(b{bit}_0)", f"b{bit}", bit) for bit in range(3)],
    }
    end = start + 9 * STEP_S
    phases = [
        Phase("reset", 0.0, start),
        Phase(f"pulse of {STEPS:g} steps", start, start + STEPS * STEP_S),
        Phase(f"code {row['count']:g}", start + STEPS * STEP_S, end),
    ]
    title = f"Pulse counter; {setting.corner}, {setting.temperature_C:g} C, {setting.vdd_V:g} V; a step is 0.968 ns"
    figure("pulse_counter_waveforms.svg", title, found, rows, phases)


if __name__ == "__main__":
    main()

"""Figure of docs/signed_charge_to_pulse.md: waveforms of one conversion.

python docs/figures/signed_charge_to_pulse.py
"""

from __future__ import annotations

from waveforms import Phase, Trace, figure, simulate

from gaincell_char.circuits.converter import Group
from gaincell_char.circuits.signed_charge_to_pulse import tile
from gaincell_char.circuits.testbench import Setting

READ_S = 9e-9
COLUMNS = {
    "6 cells, 8 ns": Group(6, 0.9, READ_S, 8e-9),
    "6 cells, 2 ns": Group(6, 0.9, READ_S, 2e-9),
    "6 sources, 3 ns": Group(6, 0.0, READ_S, 3e-9),
    "6 sources, 10 ns": Group(6, 0.0, READ_S, 10e-9),
}


def main() -> None:
    setting = Setting()
    deck = tile.deck("figure", setting, [[group] for group in COLUMNS.values()])
    names = list(enumerate(COLUMNS))
    outputs = [f"v(xref.x{sign}.out)" for sign in tile.SIGNS]
    found = simulate(deck, (*(f"v(xc{n}.out)" for n, _ in names), *outputs))
    at, windows = tile.phases(setting), tile.windows(setting, found)
    opened, closed = (pick(window[k] for window in windows.values()) for k, pick in ((0, min), (1, max)))
    rows = {
        "bit line, V": [Trace(f"v(b{n})", name, n) for n, name in names],
        "integrator out, V": [
            *(Trace(f"v(xc{n}.out)", name, n) for n, name in names),
            *(Trace(vector, label, None) for vector, label in zip(outputs, ("references", "_"), strict=True)),
        ],
        "sign, V": [Trace(f"v(sgn{n})", name, n) for n, name in names],
        "pulse +, V": [*(Trace(f"v(pp{n})", name, n) for n, name in names[:2]), Trace("v(winp)", "window +", None)],
        "pulse -, V": [*(Trace(f"v(pn{n})", name, n) for n, name in names[2:]), Trace("v(winn)", "window -", None)],
    }
    phases = [
        Phase("reset", 0.0, at.released),
        Phase("cells are read", at.released, at.latch),
        Phase("sign, replica on", at.latch, opened),
        Phase("windows: pulses", opened, closed),
        Phase("", closed, closed + 2e-9),
    ]
    title = f"Signed converter, one conversion; {setting.corner}, {setting.temperature_C:g} C, {setting.vdd_V:g} V"
    figure("signed_charge_to_pulse_waveforms.svg", title, found, rows, phases)


if __name__ == "__main__":
    main()

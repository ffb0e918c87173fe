"""Figure of docs/verification.md, one output of a head on transistors: python docs/figures/head.py"""

from __future__ import annotations

import numpy as np
from waveforms import Phase, Trace, figure, simulate

import gaincell_char as gc
from gaincell_char.circuits.head.deck import BITS, counter_deck, key_deck, value_deck
from gaincell_char.circuits.head.measure import key_window, read_head
from gaincell_char.spice.types import Waveforms
from gaincell_char.verification import predict
from gaincell_char.verification.cases import Size
from gaincell_char.verification.head import Request, prepare
from gaincell_char.verification.simulate import HeadDeck

SEED, COLUMNS = 5, 3


def main() -> None:
    model = gc.load_model("cmos28")
    prepared = prepare(Request(cases=1, seed=SEED, size=Size(columns=COLUMNS)), model)
    deck = prepared.tasks[0].deck
    assert isinstance(deck, HeadDeck)
    setting, case, widths = prepared.setting, deck.case, predict.input_widths_s(prepared.model)
    key = simulate(key_deck(setting, case, prepared.phases, widths), [f"v(xk{n}.out)" for n in range(COLUMNS)])
    opened, closed = key_window(key, setting.vdd_V)
    at = prepared.phases.after(opened, closed)
    value = simulate(value_deck(setting, case, at, key), ("v(xsigned.out)",))
    bits = simulate(counter_deck(setting, case, at, value))
    found = _together(key, value)
    read = read_head(found, COLUMNS, at, setting.vdd_V)
    code = read.sign * sum(2**n for n, bit in enumerate(BITS) if bits.vectors[f"v({bit})"][-1] > setting.vdd_V / 2)
    sign = "p" if read.sign > 0 else "n"
    tokens, stop = range(COLUMNS), float(key.scale[-1])
    rows = {
        "bit lines, V": [
            *(Trace(f"v(kbl{n})", f"key column {n}", n, stop) for n in tokens),
            Trace("v(vbl)", "value column", 4),
        ],
        "integrators, V": [
            *(Trace(f"v(xk{n}.out)", f"key column {n}", n, stop) for n in tokens),
            Trace("v(xsigned.out)", "value column", 4),
        ],
        "word lines, V": [
            *(Trace(f"v(w{n})", f"token {n}", n) for n in tokens),
            Trace("v(kwin)", "key window", None),
        ],
        "output, V": [Trace(f"v(p{sign})", "signed pulse", 4), Trace(f"v(vwin{sign})", "its window", None)],
    }
    end = read.windows_s[1 if sign == "p" else 2] + at.value_window_s
    phases = [
        Phase("reset", 0.0, at.key_reset_s),
        Phase("query pulses: keys are read", at.key_reset_s, at.key_enable_s),
        Phase("replica", at.key_enable_s, opened),
        Phase("ReLU pulses: values are read", opened, closed),
        Phase("sign, replica", closed, end - at.value_window_s),
        Phase(f"signed pulse: code {code:+d}", end - at.value_window_s, end),
    ]
    said = prepared.predictions[0]["circuit"]
    where = f"{setting.corner}, {setting.temperature_C:g} C, {setting.vdd_V:g} V"
    pulse = f"pulse {1e9 * read.pulse_s:+.3f} ns (model {1e9 * said.signed_pulse_s:+.3f} ns)"
    title = f"One output of a head, case 0 of seed {SEED}; {where}: {pulse}"
    figure("head_waveforms.svg", title, found, rows, phases)


def _together(key: Waveforms, value: Waveforms) -> Waveforms:
    """Both decks' vectors at the time points of both."""
    time = np.union1d(key.scale, value.scale)
    vectors = {name: np.interp(time, each.scale, v) for each in (key, value) for name, v in each.vectors.items()}
    return Waveforms(value.scale_name, time, vectors, ())


if __name__ == "__main__":
    main()

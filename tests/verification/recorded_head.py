"""An engine that plays back a head: ideal windows and pulses, so that no simulator is needed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gaincell_char.circuits.head.deck import BITS, VALUE_VECTORS, key_vectors
from gaincell_char.circuits.head.phases import Phases
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms

STEP_S = 15e-9 / 15.5
KEY_WINDOW_S = 21.2e-9


def head_waveforms(columns: int, pulse_s: float, key_pulse_s: float = 4e-9, vdd_V: float = 0.9) -> Waveforms:
    """A head whose windows open where they should and whose pulses are `pulse_s` and `key_pulse_s` wide."""
    at = Phases().after(KEY_WINDOW_S, KEY_WINDOW_S + 15.01e-9)
    time = np.linspace(0.0, at.end_s, 14001)

    def box(start_s: float, width_s: float) -> np.ndarray:
        edges = np.interp(time, [start_s, start_s + 10e-12], [0, 1]) - np.interp(
            time, [start_s + width_s, start_s + width_s + 10e-12], [0, 1]
        )
        return vdd_V * edges

    key, value = KEY_WINDOW_S, 43.2e-9
    flat = np.full_like(time, vdd_V / 2)
    signals = {
        "v(kwin)": box(key, 15e-9),
        "v(vwinp)": box(value, at.value_window_s),
        "v(vwinn)": box(value + 0.1e-9, at.value_window_s),
        "v(sgn)": np.full_like(time, vdd_V if pulse_s > 0 else 0.0),
        "v(pp)": box(value, max(pulse_s, 0.0)),
        "v(pn)": box(value + 0.1e-9, max(-pulse_s, 0.0)),
        "v(vbl)": flat,
        **{f"v(w{column})": box(key, key_pulse_s) for column in range(columns)},
        **{f"v(kbl{column})": flat - 0.02 * (time > at.read_s) for column in range(columns)},
    }
    signals |= {f"v(wb{column})": vdd_V - signals[f"v(w{column})"] for column in range(columns)}
    return Waveforms("time", time, {name: signals[name] for name in (*key_vectors(columns), *VALUE_VECTORS)})


@dataclass
class PlaybackEngine:
    """Gives every head the pulse of `pulse_s`, counted right. The head numbered `fails_at` does not converge, where
    `retry_helps` only with the numerics of its first retry."""

    columns: int
    pulse_s: float = 3.0 * STEP_S
    fails_at: int | None = None
    retry_helps: bool = False
    heads: int = field(default=0)

    identity = "playback 1"

    def run(self, deck: Deck, timeout_s: float = 0.0) -> Waveforms:
        if deck.vectors == tuple(f"v({bit})" for bit in BITS):
            count = round(abs(self.pulse_s) / STEP_S)
            bits = {f"v({bit})": np.array([0.0, 0.9 * (count >> place & 1)]) for place, bit in enumerate(BITS)}
            return Waveforms("time", np.array([0.0, 1e-9]), bits)
        if deck.vectors == VALUE_VECTORS:
            whole = head_waveforms(self.columns, self.pulse_s)
            return Waveforms("time", whole.scale, {name: whole.vectors[name] for name in VALUE_VECTORS})
        retried = "reltol=0.001" not in deck.text
        self.heads += not retried
        if self.heads - 1 == self.fails_at and not (retried and self.retry_helps):
            raise SimulationFailure(FailureKind.NO_CONVERGENCE, "timestep too small at v(kbl0)")
        whole = head_waveforms(self.columns, self.pulse_s)
        return Waveforms("time", whole.scale, {name: whole.vectors[name] for name in key_vectors(self.columns)})

    def close(self) -> None: ...

"""The attention of a characterized chain as it is written down (`equations`), query by query and tile by tile."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.chain import INPUT_LEVELS, STEPS, TILE_TOKENS, Chain
from gaincell_char.attention.circuit import Circuit
from gaincell_char.attention.equations import Equations
from gaincell_char.attention.quantizers import scale
from gaincell_char.attention.scalers import LayerScalers
from gaincell_char.attention.spread import Mismatch, Noise
from gaincell_char.attention.wires import VALUE_MODES

Array = npt.NDArray[np.floating[Any]]
Codes = npt.NDArray[np.int64]


def reference_circuit_attention(
    q: npt.ArrayLike, k: npt.ArrayLike, v: npt.ArrayLike, chain: Chain, scalers: LayerScalers, layer: int = 0
) -> Array:
    """Attention over q, k, v (B, H, T, D) with `chain.circuit`, computed in float64 -> (B, H, T, D)."""
    circuit = chain.circuit
    assert circuit is not None
    low, high = chain.level_range_V
    q_code = _codes(q, scalers["q"], 0.0, 1.0, INPUT_LEVELS)
    k_code = _codes(k, scalers["k"], low, high, chain.stored_levels)
    v_code = _codes(v, scalers["v"], low, high, chain.stored_levels)
    draws = _Draws(circuit, layer, q_code)
    Y = np.zeros(q_code.shape)
    for batch in range(q_code.shape[0]):
        for head in range(q_code.shape[1]):
            for t in range(q_code.shape[2]):
                at = batch, head, t
                Y[at] = _query(chain, circuit, draws, at, q_code[at], k_code[at[:2]], v_code[at[:2]])
    return scale(Y, *scalers["out"])


def _query(
    chain: Chain, circuit: Circuit, draws: _Draws, at: tuple[int, int, int], q: Codes, k: Codes, v: Codes
) -> Array:  # fmt: skip
    """Y of one query: q (D,), all keys and values (T, D)."""
    chips = Equations(circuit)
    t = at[2]
    visible = np.arange(max(0, t - chain.window + 1), t + 1)
    tiles = np.array([chain.tile_of(int(s)) for s in visible])
    total = np.zeros(q.shape)
    for n in np.unique(tiles):
        s = visible[tiles == n]
        age = (t - s).astype(float)
        # a column of the K tile is a token: rows are the width, and every column sees the same pulses
        Q_K = chips.column_charge_C(
            chips.stored_V(k[s]).T, chips.input_pulse_s(q), age, random=draws.cells("k", at, s).T
        )  # fmt: skip
        P = chips.relu_pulse_s(Q_K, draws.relu(at, s), draws.relu_noise(at, s))
        Q_V = chips.column_charge_C(
            chips.stored_V(v[s]),
            P,
            age[:, None],
            first_row=int(s[0]) % TILE_TOKENS,
            random=draws.cells("v", at, s),
            modes=VALUE_MODES,
        )
        width = chips.signed_pulse_s(Q_V, draws.signed(at, s), draws.signed_noise(at, s, q.size))
        total += chips.code(width, draws.phase(at, s, q.size))
    return total / STEPS


class _Draws:
    """The numbers of every cell and conversion, 0 where an effect is off; `at` is (batch, head, query), `s` tokens."""

    def __init__(self, circuit: Circuit, layer: int, q_code: Codes) -> None:
        self._places = circuit.places
        self._mismatch = Mismatch(circuit, layer, q_code.shape[1], q_code.shape[3]) if "mismatch" in circuit else None
        self._noise = Noise(circuit, layer, q_code, 0) if "noise" in circuit else None

    def cells(self, kind: str, at: tuple[int, int, int], s: Codes) -> Array:
        if self._mismatch is None:
            return np.zeros((1, 1))
        field: Array = self._mismatch.cells(kind)[at[1], s % self._places.slots].astype(float)
        return field

    def relu(self, at: tuple[int, int, int], s: Codes) -> tuple[Any, Any]:
        if self._mismatch is None:
            return 0.0, 0.0
        offset, gain = self._mismatch.relu()[at[1]][:, s % self._places.slots].astype(float)
        return offset, gain

    def signed(self, at: tuple[int, int, int], s: Codes) -> tuple[Any, ...]:
        if self._mismatch is None:
            return (0.0,) * 4
        return tuple(self._mismatch.signed()[at[1], :, self._places.tile(int(s[0]))].astype(float))

    def relu_noise(self, at: tuple[int, int, int], s: Codes) -> Any:
        if self._noise is None:
            return 0.0
        slots = [range(slot, slot + 1) for slot in (s % self._places.slots).tolist()]
        heads, query = self._one(at)
        one = np.zeros(1, np.intp)
        return np.array([self._noise.relu(heads, slot, query, one)[0] for slot in slots], float)

    def signed_noise(self, at: tuple[int, int, int], s: Codes, width: int) -> Any:
        if self._noise is None:
            return 0.0
        heads, query = self._one(at)
        tile = self._places.tile(int(s[0]))
        return self._noise.signed(heads, tile, width, query, np.arange(width)).astype(float)

    def phase(self, at: tuple[int, int, int], s: Codes, width: int) -> Any:
        if self._noise is None:
            return 0.0
        heads, query = self._one(at)
        return self._noise.phase(heads, self._places.tile(int(s[0])), width, query, np.arange(width))

    @staticmethod
    def _one(at: tuple[int, int, int]) -> tuple[tuple[int, slice], slice]:
        return (at[0], slice(at[1], at[1] + 1)), slice(at[2], at[2] + 1)


def _codes(x: npt.ArrayLike, scaler: tuple[Any, Any], low: float, high: float, levels: int) -> Codes:
    step = (high - low) / (levels - 1)
    codes: Codes = np.rint(np.clip(scale(np.asarray(x, float), *scaler), low, high) / step).astype(np.int64)
    return codes

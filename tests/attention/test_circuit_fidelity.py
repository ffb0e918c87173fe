"""Circuit fidelity: the fast path against the equations, its limits against the published chain, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_circuit import ideal, synthetic

from gaincell_char.attention import AnalogAttention, KVCache, analog_attention
from gaincell_char.attention.effects import EFFECTS, measured_effects
from gaincell_char.attention.reference_circuit import reference_circuit_attention
from gaincell_char.attention.scalers import default_layer
from gaincell_char.behavior import BehavioralModel, load_model
from gaincell_char.errors import InputError

MODEL = synthetic()
OURS = tuple(name for name in EFFECTS if name != "ir-drop")


def draw(shape: tuple[int, ...], seed: int, dtype: Any = np.float64) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    return tuple(rng.normal(mean, spread, shape).astype(dtype) for mean, spread in ((0.5, 0.3), (0, 0.3), (0, 0.3)))  # type: ignore[return-value]


def scalers(heads: int, seed: int) -> dict[str, Any]:
    """Gains that make scores and sums reach from the dead zone to the clamp."""
    rng = np.random.default_rng(seed)
    layer = default_layer(heads)
    layer["k"] = rng.uniform(0.6, 2, heads), 0.45 + rng.uniform(0.0, 0.1, heads)
    layer["v"] = rng.uniform(0.6, 4, heads), 0.45 + rng.uniform(-0.1, 0.1, heads)
    return layer


@settings(max_examples=40, deadline=None)
@given(
    effects=st.sets(st.sampled_from(OURS)),
    tokens=st.integers(1, 140),
    window=st.sampled_from([30, 64, 100, 1024]),
    ring=st.booleans(),
    decay=st.sampled_from([True, False, 0.02]),
    seed=st.integers(0, 2**31),
)
def test_fast_and_plain_agree(effects: set[str], tokens: int, window: int, ring: bool, decay: Any, seed: int) -> None:
    q, k, v = draw((1, 2, tokens, 12), seed)
    attention = AnalogAttention(
        MODEL,
        [scalers(2, seed)] * 3,
        window=window,
        decay=decay,
        tiles="ring" if ring else "absolute",
        fidelity="circuit",
        effects=effects,
        seed=seed,
    )
    fast = attention(2, q, k, v)
    plain = reference_circuit_attention(q, k, v, attention.chain, scalers(2, seed), layer=2)
    different = np.abs(fast - plain) > 1e-9
    assert different.mean() <= 1e-4, f"{different.sum()} of {different.size} differ"

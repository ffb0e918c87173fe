"""Reading piece by piece through the cache against one forward pass over everything."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_circuit import synthetic

from gaincell_char.attention import AnalogAttention
from gaincell_char.behavior import load_model
from gaincell_char.errors import InputError
from gaincell_char.gpt2 import SoftmaxAttention, load_gpt2

CUTS = [(0, 70), (70, 71), (71, 72), (72, 90), (90, 91)]


def piece_by_piece(lm, ids, attention):
    cache = lm.new_cache()
    return np.concatenate([lm.logits(ids[:, first:last], attention, cache) for first, last in CUTS], axis=1)


@pytest.mark.parametrize("window", [None, 1, 5, 64, 200])
def test_software(checkpoint, window):
    lm = load_gpt2(checkpoint(), "float64")
    ids = np.random.default_rng(0).integers(0, 257, (2, 91))
    attention = SoftmaxAttention(window)
    assert np.abs(piece_by_piece(lm, ids, attention) - lm.logits(ids, attention)).max() <= 1e-9


@pytest.mark.parametrize("model", ["leroux2025", "leroux2025_linear"])
@pytest.mark.parametrize("window", [5, 64, 1024])
def test_analog_with_decay(checkpoint, model, window):
    lm = load_gpt2(checkpoint(gaincell={"attention": "linear-hardware"}), "float64")
    ids = np.random.default_rng(0).integers(0, 257, (2, 91))
    attention = AnalogAttention(load_model(model), window=window, decay=0.01)
    whole = lm.logits(ids, attention)
    assert np.abs(whole - lm.logits(ids)).max() > 1e-3
    assert np.abs(piece_by_piece(lm, ids, attention) - whole).max() <= 1e-9


@pytest.mark.parametrize("window", [70, 1024])
def test_circuit_with_resistive_wires(checkpoint, window):
    """The fast tier: in a tile that is being filled, or leaves the window, rows are off that one pass has stored."""
    lm = load_gpt2(checkpoint(gaincell={"attention": "linear-hardware"}), "float64")
    ids = np.random.default_rng(0).integers(0, 257, (2, 91))
    options = {"window": window, "fidelity": "circuit", "ir_drop": "fast"}
    attention, ideal = (
        AnalogAttention(synthetic(), effects=effects, **options)
        for effects in (["charge-to-pulse", "ir-drop"], ["charge-to-pulse"])
    )
    whole = lm.logits(ids, attention)
    assert np.abs(whole - lm.logits(ids, ideal)).max() > 1e-3
    assert np.abs(piece_by_piece(lm, ids, attention) - whole).max() <= 1e-9


def test_the_cache_cannot_outgrow_the_network(checkpoint):
    lm = load_gpt2(checkpoint())
    cache = lm.new_cache()
    lm.logits(np.zeros((1, 90), int), None, cache)
    with pytest.raises(InputError, match="97 tokens"):
        lm.logits(np.zeros((1, 7), int), None, cache)

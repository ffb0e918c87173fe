"""The chain that is not as built: what it is where nothing is changed, and what each change does."""

import numpy as np
import pytest

from gaincell_char.attention import AnalogAttention
from gaincell_char.behavior import load_model
from gaincell_char.behavior.law import current_law
from gaincell_char.studies.change import LARGEST_GAIN, Change, ChangedAttention, retained
from gaincell_char.studies.leakage import leaking

HEADS, TOKENS = 2, 150


def inputs(seed=1, tokens=TOKENS):
    rng = np.random.default_rng(seed)
    q, k, v = (rng.normal(size=(1, HEADS, tokens, 64)) for _ in range(3))
    gain = {"q": (0.3, 0.1), "k": (0.2, 0.45), "v": (0.2, 0.46), "out": (1.3, 0.2)}
    return (q, k, v), [{name: (np.full(HEADS, a), np.full(HEADS, b)) for name, (a, b) in gain.items()}]


@pytest.mark.parametrize("name", ["leroux2025", "leroux2025_linear", "cmos28"])
@pytest.mark.parametrize("window", [1024, 70])
def test_an_unchanged_chain_is_the_attention(name, window):
    x, scalers = inputs()
    model = load_model(name)
    built = AnalogAttention(model, scalers, window=window)(0, *x)
    found = ChangedAttention(model, scalers, Change(), window)(0, *x)
    np.testing.assert_allclose(found, built, rtol=0, atol=1e-12)
    assert np.ptp(found) > 0.2


def test_wires_are_those_of_circuit_fidelity():
    x, scalers = inputs()
    model = load_model("cmos28")
    built = AnalogAttention(model, scalers, fidelity="circuit", effects=["ir-drop"])(0, *x)
    found = ChangedAttention(model, scalers, Change(ir_drop="fast"))(0, *x)
    off = np.abs(found - built)
    assert np.mean(off > 1e-9) < 1e-3  # where a sum is halfway between two counts, rounding decides
    assert off.max() < 1.01 * 1.3 * 2 / 31
    assert np.abs(found - ChangedAttention(model, scalers, Change())(0, *x)).max() > 0.05


def test_levels_change_one_quantizer_each():
    x, scalers = inputs()
    model = load_model("leroux2025_linear")
    free = ChangedAttention(model, scalers, Change(None, None, None, None))(0, *x)
    unquantized = AnalogAttention(model, scalers, quantize=False)(0, *x)
    np.testing.assert_allclose(free, unquantized, rtol=0, atol=1e-12)
    for field in ("q_levels", "k_levels", "v_levels", "out_levels"):
        distances = []
        for levels in (4, 16, 256):
            change = Change(**{**dict.fromkeys(("q_levels", "k_levels", "v_levels", "out_levels")), field: levels})
            distances.append(np.abs(ChangedAttention(model, scalers, change)(0, *x) - free).mean())
        assert distances[0] > distances[1] > distances[2] > 0


def test_without_a_counter_the_tiles_add_up_to_the_same():
    x, scalers = inputs()
    scalers[0]["v"] = (np.full(HEADS, 0.01), np.full(HEADS, 0.45))  # no sum is clipped
    model = load_model("leroux2025_linear")
    of = {rows: ChangedAttention(model, scalers, Change(out_levels=None, tile=rows))(0, *x) for rows in (32, 64, 256)}
    np.testing.assert_allclose(of[32], of[64], rtol=0, atol=1e-12)
    np.testing.assert_allclose(of[256], of[64], rtol=0, atol=1e-12)
    counted = ChangedAttention(model, scalers, Change(tile=32))(0, *x)
    assert np.abs(counted - ChangedAttention(model, scalers, Change(tile=256))(0, *x)).max() > 0.01


def test_a_cell_refreshed_with_every_token_does_not_leak():
    x, scalers = inputs()
    model = leaking(load_model("leroux2025_linear"), 30e-6)
    fresh = AnalogAttention(model, scalers, decay=False)(0, *x)
    np.testing.assert_allclose(ChangedAttention(model, scalers, Change(refresh_tokens=1))(0, *x), fresh, atol=1e-12)
    lost = [
        np.abs(ChangedAttention(model, scalers, Change(refresh_tokens=period))(0, *x) - fresh).mean()
        for period in (8, 32, None)
    ]
    assert lost[0] < lost[1] < lost[2]


def test_gains_by_age_give_back_what_leaked():
    x, scalers = inputs()
    model = leaking(load_model("leroux2025_linear"), 100e-6)
    fresh = AnalogAttention(model, scalers, quantize=False, decay=False)(0, *x)
    free = {"q_levels": None, "k_levels": None, "v_levels": None, "out_levels": None}
    plain, given_back = (
        np.abs(ChangedAttention(model, scalers, Change(**free, gain_by_age=on))(0, *x) - fresh).mean()
        for on in (False, True)
    )
    assert given_back < plain / 2  # a tile has one gain for tokens of 64 ages


def test_retained_share_of_an_exponential_is_the_exponential():
    model = leaking(load_model("leroux2025_linear"), 80e-6)
    age = np.array([0.0, 50.0, 100.0, 1000.0])
    np.testing.assert_allclose(retained(current_law(model), model, age), np.exp(-age / 100), rtol=1e-12)
    assert np.exp(-10) < 1 / LARGEST_GAIN  # such a gain is limited


def test_it_reads_whole_sequences_only():
    x, scalers = inputs(tokens=3)
    with pytest.raises(ValueError, match="without a cache"):
        ChangedAttention(load_model("leroux2025"), scalers, Change())(0, *x, cache=object())


def test_observed_tiles_are_those_of_every_head():
    x, scalers = inputs()
    seen = []
    change = Change(tile=64)
    attention = ChangedAttention(load_model("cmos28"), scalers, change, observe=lambda v, p: seen.append((v, p)))
    attention(0, *x)
    assert [(v.shape, p.shape) for v, p in seen[:3]] == [
        ((64, 64), (64, 150)),
        ((64, 64), (64, 86)),
        ((22, 64), (22, 22)),
    ]
    assert len(seen) == 3 * HEADS
    assert all(p.min() >= 0 and p.max() <= 1 for _, p in seen)

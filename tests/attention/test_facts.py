"""What the published chain must do exactly, and what must hold whatever is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaincell_char.attention import AnalogAttention, KVCache, analog_attention
from gaincell_char.attention.chain import chain
from gaincell_char.attention.quantizers import quantize, to_levels
from gaincell_char.attention.reference import reference_attention
from gaincell_char.attention.scalers import default_layer
from gaincell_char.behavior import BehavioralModel, load_model
from gaincell_char.behavior.law import to_bfloat16
from gaincell_char.errors import InputError


def draw(shape: tuple[int, ...], seed: int, dtype: Any = np.float64) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    return tuple(rng.normal(mean, 0.3, shape).astype(dtype) for mean in (0.5, 0.0, 0.0))  # type: ignore[return-value]


def test_no_stored_level_is_at_the_middle() -> None:
    """V - 0.45 is never 0: the smallest weight that can be stored is half a step, 0.0643 V."""
    x = np.linspace(-1, 2, 40001).reshape(1, 1, -1, 1)
    levels = np.unique(to_levels(x, np.ones(1), np.zeros(1), 0.0, 0.9, 8))
    assert levels.size == 8
    assert np.min(np.abs(levels - 0.45)) == pytest.approx(0.9 / 14, rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_saturated_tile_counts_sixteen_steps(nonlinear: BehavioralModel, sign: float, dtype: Any) -> None:
    """The grid of 32 levels has no 1: a full tile gives 16 steps of 2/31, 33 values in all."""
    q, k = np.ones((1, 1, 64, 64), dtype), np.full((1, 1, 64, 64), 5.0, dtype)
    out = analog_attention(q, k, sign * k, nonlinear)
    assert out[0, 0, -1] == pytest.approx(np.full(64, sign * 32 / 31), rel=1e-6)


def test_partial_sums_of_tiles_saturate_separately(nonlinear: BehavioralModel) -> None:
    q, k = np.ones((1, 1, 192, 64)), np.full((1, 1, 192, 64), 5.0)
    assert analog_attention(q, k, k, nonlinear)[0, 0, -1, 0] == pytest.approx(3 * 32 / 31)


def test_masked_cells_add_nothing(nonlinear: BehavioralModel) -> None:
    """The cell's current at 0.45 V is not zero, so a forgotten token would show; what it holds must not matter."""
    q, k, v = draw((1, 2, 150, 8), 0)
    out = analog_attention(q, k, v, nonlinear, window=40, quantize=False)
    k[:, :, :90], v[:, :, :90] = 3.0, -3.0
    changed = analog_attention(q, k, v, nonlinear, window=40, quantize=False)
    assert np.array_equal(out[:, :, 129:], changed[:, :, 129:])
    assert np.max(np.abs(out[:, :, 128] - changed[:, :, 128])) > 1e-6


def test_a_window_of_one_token_is_the_token_itself(linear: BehavioralModel) -> None:
    q, k, v = draw((1, 1, 100, 64), 1)
    out = analog_attention(q, k, v, linear, window=1, quantize=False)
    S = 19.3 * np.sum(np.clip(q, 0, 1) * np.clip(k, -0.45, 0.45), axis=3, keepdims=True)
    expected = np.clip(19.3 * np.clip(S / 80, 0, 1) * np.clip(v, -0.45, 0.45) / 40, -1, 1)
    assert out == pytest.approx(expected, abs=1e-12)


def test_ring_and_absolute_tiles_agree_until_the_buffer_wraps(nonlinear: BehavioralModel) -> None:
    q, k, v = draw((1, 1, 200, 64), 2)
    both = [analog_attention(q, k, v, nonlinear, window=100, tiles=tiles) for tiles in ("absolute", "ring")]
    assert np.array_equal(both[0][:, :, :100], both[1][:, :, :100])
    assert not np.array_equal(both[0][:, :, 100:], both[1][:, :, 100:])


@pytest.mark.parametrize("decay", [0.05, 1.0])
def test_fast_decay_over_a_long_text_stays_finite_and_right(nonlinear: BehavioralModel, decay: float) -> None:
    q, k, v = draw((1, 1, 1024, 16), 3, np.float32)
    doubles = [x.astype(np.float64) for x in (q, k, v)]
    expected = reference_attention(*doubles, chain(nonlinear, quantize=False, decay=decay), default_layer(1))
    with np.errstate(over="raise", invalid="raise"):
        single = analog_attention(q, k, v, nonlinear, quantize=False, decay=decay)
        double = analog_attention(*doubles, nonlinear, quantize=False, decay=decay)
    assert np.max(np.abs(single - expected)) <= 1e-5
    assert np.max(np.abs(double - expected)) <= 1e-9


def test_a_forgotten_product_keeps_the_cell_s_offset(nonlinear: BehavioralModel) -> None:
    """With all voltages decayed to 0.45 V the cell still gives A_0: S = A_0 sum(q) for every token but the newest."""
    q = np.ones((1, 1, 3, 64))
    k = np.full((1, 1, 3, 64), -0.45)
    seen: dict[str, Any] = {}
    attention = AnalogAttention(nonlinear, decay=50.0, observe=lambda layer, name, s: seen.setdefault(name, s))
    attention(0, q, k, k)
    newest = 64 * nonlinear.cell.current(0.0)
    older = 64 * nonlinear.cell.current.coefficients[0]
    assert seen["score"].mean[0] == pytest.approx((3 * newest + 3 * older) / 6)


@settings(max_examples=40, deadline=None)
@given(
    tokens=st.integers(1, 150),
    window=st.integers(1, 200),
    ring=st.booleans(),
    quantized=st.booleans(),
    decay=st.sampled_from([True, False, 0.02, 0.7]),
    seed=st.integers(0, 2**32 - 1),
)
def test_fast_and_plain_agree(tokens: int, window: int, ring: bool, quantized: bool, decay: Any, seed: int) -> None:
    model = load_model("leroux2025")
    q, k, v = draw((1, 2, tokens, 6), seed)
    options = {"window": window, "tiles": "ring" if ring else "absolute", "quantize": quantized, "decay": decay}
    fast = analog_attention(q, k, v, model, **options)
    plain = reference_attention(q, k, v, chain(model, **options), default_layer(2))
    assert np.max(np.abs(fast - plain)) <= 1e-9


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(1, 99), seed=st.integers(0, 2**32 - 1))
def test_the_future_does_not_matter(cut: int, seed: int) -> None:
    model = load_model("leroux2025_linear")
    q, k, v = draw((1, 1, 100, 8), seed)
    whole = analog_attention(q, k, v, model)
    assert (
        np.max(np.abs(whole[:, :, :cut] - analog_attention(q[:, :, :cut], k[:, :, :cut], v[:, :, :cut], model))) <= 1e-9
    )


@pytest.mark.parametrize("tiles", ["absolute", "ring"])
@pytest.mark.parametrize("window", [70, 1024])
@pytest.mark.parametrize("name", ["nonlinear", "measured"])
def test_decoding_equals_one_pass(request: pytest.FixtureRequest, name: str, window: int, tiles: str) -> None:
    """Tokens one by one, or in pieces, over the cache: what one forward pass gives, decay and quantizers on."""
    model = request.getfixturevalue(name)
    q, k, v = draw((2, 3, 200, 16), 4)
    attention = AnalogAttention(model, window=window, tiles=tiles)
    expected = attention(0, q, k, v)
    cache, parts = KVCache(1), []
    pieces = [slice(0, 90), *(slice(t, t + 1) for t in range(90, 150)), slice(150, 200)]
    for piece in pieces:
        assert cache.length == piece.start
        parts.append(attention(0, q[:, :, piece], k[:, :, piece], v[:, :, piece], cache))
    assert np.max(np.abs(np.concatenate(parts, axis=2) - expected)) <= 1e-9


def test_observed_statistics(nonlinear: BehavioralModel) -> None:
    q, k, v = draw((2, 3, 130, 16), 5)
    rng = np.random.default_rng(5)
    scalers = {name: (rng.uniform(0.5, 2, 3), rng.normal(0.3, 0.2, 3)) for name in ("q", "k", "v", "out")}
    seen: dict[str, Any] = {}
    attention = AnalogAttention(nonlinear, [scalers], window=100, observe=lambda _, name, s: seen.update({name: s}))
    out = attention(0, q, k, v)
    assert set(seen) == {"q", "k", "v", "score", "sum", "out"}
    a, b = scalers["k"]
    scaled = a[:, None, None] * k + b[:, None, None]
    assert seen["k"].mean == pytest.approx(scaled.mean(axis=(0, 2, 3)))
    assert seen["k"].std == pytest.approx(scaled.std(axis=(0, 2, 3), ddof=1))
    assert seen["k"].outside == pytest.approx(((scaled < 0) | (scaled > 0.9)).mean(axis=(0, 2, 3)))
    assert seen["out"].mean == pytest.approx(out.mean(axis=(0, 2, 3)))
    assert seen["out"].std == pytest.approx(out.std(axis=(0, 2, 3), ddof=1))
    score = _all_scores(nonlinear, q, k, scalers)
    age = np.arange(130)[:, None] - np.arange(130)
    kept = score[:, :, (age >= 0) & (age < 100)].transpose(1, 0, 2).reshape(3, -1)
    assert seen["score"].mean == pytest.approx(kept.mean(axis=1))
    assert seen["score"].std == pytest.approx(kept.std(axis=1, ddof=1))
    assert seen["score"].outside == pytest.approx((kept > 80).mean(axis=1))


def _all_scores(model: BehavioralModel, q: Any, k: Any, scalers: Any) -> Any:
    pulses = to_levels(q, *scalers["q"], 0.0, 1.0, 16)
    keys = to_levels(k, *scalers["k"], 0.0, 0.9, 8)
    r = np.exp(-1.6e-4 * (np.arange(q.shape[2])[:, None] - np.arange(q.shape[2])))
    terms = enumerate(model.cell.current.coefficients)
    return sum(a * r**i * np.einsum("bhtd,bhsd->bhts", pulses, (keys - 0.45) ** i) for i, a in terms)


def test_rounding_to_bfloat16() -> None:
    given_numbers = np.array([1.0, 1 + 2**-8, 1 + 3 * 2**-8, 0.3, 1e-30])
    expected = [1.0, 1.0, 1 + 2**-6, 0.30078125]
    assert to_bfloat16(given_numbers)[:4].tolist() == expected
    assert to_bfloat16(given_numbers)[4] == pytest.approx(1e-30, rel=2**-8)


def test_quantizer_is_half_to_even_on_a_grid_that_contains_zero() -> None:
    x = np.array([-0.5, 0.5, 1.5, 2.5, 0.0])
    assert quantize(x, -10.0, 11.0, 22).tolist() == [0.0, 0.0, 2.0, 2.0, 0.0]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"window": 0}, "window: 0; expected a whole number"),
        ({"decay": -1.0}, "decay: -1.0; expected True, False or"),
        ({"decay": float("nan")}, "decay: nan"),
        ({"decay": "fast"}, "decay: 'fast'; expected True, False or"),
        ({"decay_dtype": "float16"}, "decay_dtype: 'float16'"),
        ({"tiles": "square"}, "tiles: 'square'; expected 'absolute' or 'ring'"),
    ],
)
def test_bad_options_are_named(nonlinear: BehavioralModel, options: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError, match=line):
        AnalogAttention(nonlinear, **options)


def test_bad_arrays_are_named(nonlinear: BehavioralModel, measured: BehavioralModel) -> None:
    q, k, v = draw((1, 2, 4, 8), 6)
    attention = AnalogAttention(nonlinear)
    with pytest.raises(InputError, match=r"k: shape \(1, 2, 3, 8\); expected that of q"):
        attention(0, q, k[:, :, :3], v)
    with pytest.raises(InputError, match="v: dtype float32"):
        attention(0, q, k, v.astype(np.float32))
    with pytest.raises(InputError, match="q: it holds numbers that are not finite"):
        attention(0, q * np.nan, k, v)
    with pytest.raises(InputError, match=r"layers.0.q.a: shape \(3,\), expected \(2,\)"):
        AnalogAttention(nonlinear, [default_layer(3)])(0, q, k, v)
    with pytest.raises(InputError, match="1 layers, and layer 1 is asked for"):
        AnalogAttention(nonlinear, [default_layer(2)])(1, q, k, v)
    with pytest.raises(InputError, match="bfloat16"):
        AnalogAttention(measured, decay_dtype="bfloat16")

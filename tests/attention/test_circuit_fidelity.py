"""Circuit fidelity: the fast path against the equations and against loops, its limit, and what it refuses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from circuit_loops import attend, counted, on_segments
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_circuit import T_MAX_S, bent, ideal, pulse_charge, synthetic

from gaincell_char.attention import AnalogAttention, KVCache, analog_attention
from gaincell_char.attention.effects import EFFECTS, measured_effects
from gaincell_char.attention.reference_circuit import reference_circuit_attention
from gaincell_char.attention.scalers import default_layer
from gaincell_char.behavior import BehavioralModel, load_model
from gaincell_char.errors import InputError

MODEL = synthetic()
LOCAL = tuple(name for name in EFFECTS if name != "ir-drop")
"""Effects of a cell or a converter by itself; the wires' are between the cells of a tile, and slow to state exactly."""
DRAWN = ("mismatch", "noise")


def draw(shape: tuple[int, ...], seed: int, dtype: Any = np.float64) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    return tuple(rng.normal(mean, 0.3, shape).astype(dtype) for mean in (0.5, 0.0, 0.0))  # type: ignore[return-value]


def scalers(heads: int, seed: int) -> dict[str, Any]:
    """Gains and offsets by which scores and sums reach from the dead zone to the clamp."""
    rng = np.random.default_rng(seed)
    layer = default_layer(heads)
    layer["k"] = rng.uniform(0.6, 2, heads), 0.45 + rng.uniform(0.0, 0.1, heads)
    layer["v"] = rng.uniform(0.6, 4, heads), 0.45 + rng.uniform(-0.1, 0.1, heads)
    return layer


@settings(max_examples=20, deadline=None)
@given(
    effects=st.sets(st.sampled_from(LOCAL)),
    tokens=st.integers(1, 100),
    window=st.sampled_from([30, 64, 1024]),
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
    assert np.max(np.abs(fast - plain)) <= 1e-9


def test_against_loops() -> None:
    """Word lines, write error, fixed charge, leakage, both transfers and the counter, with plain numbers."""
    effects = ("write-error", "word-line", "pulse-charge", "charge-to-pulse", "signed-charge-to-pulse", "pulse-counter")
    q, k, v = draw((1, 1, 100, 10), 3)
    q[..., :2] = -1.0  # lines without a pulse
    layer = scalers(1, 3)
    layer["k"] = np.array([3.0]), np.array([0.6])
    layer["v"] = np.array([5.0]), np.array([0.5])
    out = analog_attention(q, k, v, MODEL, layer, window=70, decay=0.01, fidelity="circuit", effects=effects)

    volts = [x + 0.02 * math.cos(5 * x) for x in (0.9 * n / 7 for n in range(8))]
    a = load_model("leroux2025").cell.current.coefficients
    f = [0.05, 0.2, -0.3]

    def charge(level: int, width: float, age: int) -> float:
        y = (volts[level] - 0.45) * math.exp(-0.01 * age)
        current = 0.1 + sum(c * y**i for i, c in enumerate(a))
        return current * width + (sum(c * y**i for i, c in enumerate(f)) if width > 0 else 0.0)

    def width(code: int) -> float:
        return (code + 0.05 * (code % 3)) / 15 if code else 0.0

    knots = [-1.4, -1.1, 0.0, 0.03, 0.5, 1.05, 1.4]
    rows = [[0.0], [0.0], [0.0], [0.01, 0.97, 0.05, -0.03], [0.485, 1.0, -0.02, 0.02], [1.01]]
    both = [[-1.02], [-1.02, 0.95, 0.04, -0.02], *rows[2:]]

    def relu(x: float) -> float:
        p = on_segments(x, knots, rows)
        return p - 0.04 / 15 if p > 0 else 0.0

    codes = [
        np.rint(np.clip(gain * x[0, 0] + offset, 0, top) / step).astype(int).tolist()
        for x, gain, offset, top, step in (
            (q, 1.0, 0.0, 1.0, 1 / 15), (k, 3.0, 0.6, 0.9, 0.9 / 7), (v, 5.0, 0.5, 0.9, 0.9 / 7)
        )
    ]  # fmt: skip
    expected = attend(
        *codes,
        charge,
        width,
        relu,
        lambda x: 15.5 * on_segments(x, knots, both),
        lambda steps: counted(steps, 0.41),
        window=70,
    )
    assert len({round(y, 6) for row in expected for y in row}) > 10
    assert out[0, 0] == pytest.approx(np.array(expected), abs=1e-9)


@pytest.mark.parametrize("base", ["leroux2025", "cmos28"])
def test_ideal_circuits_are_the_published_equations(base: str) -> None:
    """Straight transfers, a counter that starts half a step after the window, no fixed charge, exact levels."""
    model = synthetic(load_model(base), shape=ideal, phase=0.5)
    levels = np.arange(8) * 0.9 / 7
    model = model.model_copy(
        update={
            "cell": model.cell.model_copy(update={"pulse_charge": pulse_charge(model, [0.0])}),
            "word_line_driver": model.word_line_driver.model_copy(
                update={"widths_s": (T_MAX_S * np.arange(16) / 15).tolist(), "buffer_stretch_s": 0.0}
            ),
            "write_driver": model.write_driver.model_copy(update={"stored_V": levels.tolist()}),
        }
    )
    effects = [name for name in LOCAL if name not in (*DRAWN, "read-disturb")]
    q, k, v = draw((2, 3, 150, 64), 1)
    paper = analog_attention(q, k, v, model, scalers(3, 1))
    circuit = analog_attention(q, k, v, model, scalers(3, 1), fidelity="circuit", effects=effects)
    assert np.abs(paper).max() > 0.5
    assert np.max(np.abs(circuit - paper)) <= 1e-12
    nothing = analog_attention(q, k, v, model, scalers(3, 1), fidelity="circuit", effects=())
    assert np.max(np.abs(nothing - paper)) <= 1e-12


@pytest.mark.parametrize("effect", LOCAL)
def test_every_effect_is_seen_alone(effect: str) -> None:
    q, k, v = draw((1, 2, 130, 16), 5)
    paper = analog_attention(q, k, v, MODEL, scalers(2, 5))
    with_it = analog_attention(q, k, v, MODEL, scalers(2, 5), fidelity="circuit", effects=effect)
    assert 1e-4 < np.abs(with_it - paper).mean() < 0.3


def test_none_means_all_that_was_measured() -> None:
    assert measured_effects(MODEL) == EFFECTS
    q, k, v = draw((1, 1, 80, 16), 6)
    both = [analog_attention(q, k, v, MODEL, fidelity="circuit", effects=effects) for effects in (None, EFFECTS)]
    assert np.array_equal(*both)
    bare = MODEL.model_copy(update={"pulse_counter": None})
    assert "pulse-counter" not in measured_effects(bare)


@pytest.mark.parametrize("tiles", ["absolute", "ring"])
@pytest.mark.parametrize("window", [70, 1024])
def test_decoding_equals_one_pass(window: int, tiles: str) -> None:
    """All effects at once, mismatch and noise too: a conversion draws the same wherever it is computed."""
    q, k, v = draw((2, 3, 170, 16), 4)
    attention = AnalogAttention(
        MODEL, [scalers(3, 4)] * 2, window, tiles=tiles, fidelity="circuit", effects=LOCAL, seed=8
    )
    expected = attention(1, q, k, v)
    cache, parts = KVCache(2), []
    for piece in [slice(0, 60), *(slice(t, t + 1) for t in range(60, 75)), slice(75, 135), slice(135, 170)]:
        attention(0, q[:, :, piece], k[:, :, piece], v[:, :, piece], cache)
        parts.append(attention(1, q[:, :, piece], k[:, :, piece], v[:, :, piece], cache))
    assert np.max(np.abs(np.concatenate(parts, axis=2) - expected)) <= 1e-9


def test_single_precision() -> None:
    q, k, v = draw((1, 2, 300, 32), 9)
    options = {"fidelity": "circuit", "effects": LOCAL}
    double = analog_attention(q, k, v, MODEL, scalers(2, 9), **options)
    single = analog_attention(*(x.astype(np.float32) for x in (q, k, v)), MODEL, scalers(2, 9), **options)
    assert single.dtype == np.float32
    # a count may fall on the other side of an edge, and a level of a converted number on that of a tie
    assert (np.abs(single - double) > 1e-4).mean() < 1e-3


@pytest.mark.parametrize(("tier", "tokens", "window"), [("exact", 24, 1024), ("fast", 90, 1024), ("fast", 150, 70)])
def test_wires(tier: str, tokens: int, window: int) -> None:
    """The tile's own correction on every product, and the same counts where a tile is being filled or leaves the
    window as in one pass, where its other rows are off."""
    q, k, v = draw((1, 2, tokens, 8), 12)
    layer = scalers(2, 12)
    attention = AnalogAttention(MODEL, [layer], window, fidelity="circuit", effects=["ir-drop"], ir_drop=tier)
    fast = attention(0, q, k, v)
    plain = reference_circuit_attention(q, k, v, attention.chain, layer)
    assert np.abs(fast - plain).max() <= 1e-9
    cache, half = KVCache(1), tokens // 2
    pieces = [slice(0, half), *(slice(t, t + 1) for t in range(half, half + 9)), slice(half + 9, tokens)]
    parts = [attention(0, q[:, :, piece], k[:, :, piece], v[:, :, piece], cache) for piece in pieces]
    assert np.abs(np.concatenate(parts, axis=2) - fast).max() <= 1e-9


def test_wires_take_what_the_tile_says() -> None:
    """Scores of one query over twenty tokens, against the network's charges of the same pulses on the same cells."""
    from gaincell_char.array import tile

    rng = np.random.default_rng(0)
    q_code, k_code = rng.integers(0, 16, 64), rng.integers(0, 8, (20, 64))
    tokens = [np.zeros((1, 1, 20, 64)) for _ in range(3)]
    tokens[0][0, 0], tokens[1][0, 0] = q_code / 15, k_code * 0.9 / 7
    plain = {name: (np.ones(1), np.zeros(1)) for name in ("q", "k", "v", "out")}
    found: list[float] = []
    for effects in ((), ("ir-drop",)):
        attention = AnalogAttention(
            MODEL,
            [plain],
            decay=False,
            fidelity="circuit",
            effects=effects,
            observe=lambda _, name, seen: found.append(seen.mean[0]) if name == "score" else None,
        )
        attention(0, *tokens)
    lost = tile(MODEL).correction((k_code * 0.9 / 7).T, q_code[:, None] / 15, "fast")[:, 0]
    # token s is read by the queries s .. 19
    assert (found[1] - found[0]) * 20 * 21 / 2 == pytest.approx((lost * np.arange(20, 0, -1)).sum(), rel=1e-9)
    assert np.abs(lost).max() > 0.01


def test_seeds() -> None:
    q, k, v = draw((2, 2, 100, 16), 10)

    def run(effect: str, seed: int, layer: int = 0) -> Any:
        attention = AnalogAttention(MODEL, [scalers(2, 0)] * 2, fidelity="circuit", effects=[effect], seed=seed)
        return attention(layer, q, k, v)

    for effect in DRAWN:
        assert np.array_equal(run(effect, 1), run(effect, 1))
        assert not np.array_equal(run(effect, 1), run(effect, 2))
        assert not np.array_equal(run(effect, 1), run(effect, 1, layer=1))
    k[1], v[1], q[1] = k[0], v[0], q[0]
    for effect in DRAWN:
        same = run(effect, 1)
        assert np.array_equal(same[0], same[1])
    q[1, :, 50:] += 0.3
    v[1, :, 50:] = v[0, :, 50:]
    assert np.array_equal(run("noise", 1)[0, :, :50], run("noise", 1)[1, :, :50])


def test_mismatch_of_converters_is_offset_and_gain() -> None:
    """Only the ReLU converters differ: each column's pulses are those of its own offset and gain, at every query."""
    from gaincell_char.attention.spread import Mismatch

    q, k, v = draw((1, 1, 60, 16), 11)
    k[:] = np.abs(k)
    bare = MODEL.model_copy(
        update={
            "cell": MODEL.cell.model_copy(update={"mismatch": None}),
            "signed_charge_to_pulse": MODEL.signed_charge_to_pulse.model_copy(update={"mismatch": None}),
        }
    )
    seen: dict[str, Any] = {}
    attention = AnalogAttention(
        bare, decay=False, fidelity="circuit", effects=["mismatch"], seed=4,
        observe=lambda _, name, found: seen.update({name: found}),
    )  # fmt: skip
    attention(0, q, k, v)
    circuit = attention.chain.circuit
    assert circuit is not None
    offset, gain = Mismatch(circuit, 0, 1, 16).relu()[0, :, :60].astype(float)
    current = MODEL.cell.current
    pulses = np.rint(np.clip(q[0, 0], 0, 1) * 15) / 15
    keys = current(np.rint(np.clip(k[0, 0] + 0.45, 0, 0.9) / (0.9 / 7)) * 0.9 / 7)
    values = current(np.rint(np.clip(v[0, 0] + 0.45, 0, 0.9) / (0.9 / 7)) * 0.9 / 7)
    P = np.tril(np.clip(pulses @ keys.T / 80 * (1 + 0.03 * gain) + 0.3 / 15.5 * offset, 0, 1))
    sums = P @ values
    assert seen["sum"].mean[0] == pytest.approx(sums.mean(), rel=1e-6)
    assert seen["sum"].std[0] == pytest.approx(sums.std(ddof=1), rel=1e-6)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"fidelity": "exact"}, "unknown fidelity 'exact'"),
        ({"effects": ["mismatch"]}, "effects: the published equations have none"),
        ({"fidelity": "circuit", "effects": ["noize"]}, "unknown effect 'noize'; did you mean noise"),
        ({"fidelity": "circuit", "tiles": "ring"}, "effect ir-drop: a ring buffer's tile holds tokens of two rounds"),
        ({"fidelity": "circuit", "quantize": False}, "quantize: False, and the circuit's drivers"),
        ({"fidelity": "circuit", "decay_dtype": "float16"}, "decay_dtype"),
        ({"fidelity": "circuit", "seed": -1}, "seed: -1"),
        ({"fidelity": "circuit", "seed": 1.5}, "seed: 1.5"),
        ({"fidelity": "circuit", "ir_drop": "slow"}, "unknown tier of the IR drop 'slow'"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError, match=line):
        AnalogAttention(MODEL, **options)


def test_an_effect_that_was_not_measured_is_refused() -> None:
    bare = MODEL.model_copy(update={"array": None})
    with pytest.raises(
        InputError, match=r"effect ir-drop: model synthetic has no array\.current at tt, 27 C, 0\.9 V; it"
    ):
        AnalogAttention(bare, fidelity="circuit", effects=["ir-drop"])


def test_a_model_without_circuits_is_refused() -> None:
    with pytest.raises(InputError, match="model leroux2025: no circuit of it is characterized"):
        AnalogAttention(load_model("leroux2025"), fidelity="circuit")
    cell = MODEL.cell.model_copy(update={"level_range_V": (0.1, 0.9)})
    with pytest.raises(InputError, match=r"begins at 0\.1 V"):
        AnalogAttention(MODEL.model_copy(update={"cell": cell}), fidelity="circuit")


def test_a_transfer_of_another_condition_is_not_used() -> None:
    from gaincell_char.behavior.schema import Condition

    hot = MODEL.model_copy(update={"condition": Condition(temperature_C=85.0)})
    with pytest.raises(InputError, match=r"charge-to-pulse: .*no charge_to_pulse\.transfers at tt, 85 C"):
        AnalogAttention(hot, fidelity="circuit", effects=["charge-to-pulse"])


def test_a_saturated_tile_counts_as_far_as_the_counter_does() -> None:
    """A clamp of 1.01 T_max is 15.655 steps: sixteen edges from 0.41 steps on, and from 0.7 steps on only fifteen."""
    q = np.ones((1, 1, 64, 64))
    for phase, edges in ((0.41, 16), (0.7, 15)):
        model: BehavioralModel = synthetic(shape=bent, phase=phase)
        out = analog_attention(q, q, q, model, fidelity="circuit", effects=["signed-charge-to-pulse", "pulse-counter"])
        assert out[0, 0, -1] == pytest.approx(np.full(64, edges * 2 / 31))

"""The torch attention and its gradients against a transcription in NumPy that shares no code with it."""

from __future__ import annotations

import numpy as np
import pytest
from transcription import NAMES, Setup, attention_and_gradients, polynomial

import gaincell_char as gc
from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.errors import InputError

torch = pytest.importorskip("torch", reason="torch (extra `train`) is not installed")
from gaincell_char.integrations.torch import analog_attention  # noqa: E402

NONLINEAR = [0.52136361391, 13.612260634, -2.620445619, 46.05483778]
SHAPE = (1, 4, 150, 24)


def bfloat16(x):
    return torch.tensor(x).bfloat16().double().numpy()


def exponential(coefficients: list[float], decay: float, **options: object) -> Setup:
    terms = polynomial(coefficients, decay)
    r = terms[1][1] if len(terms) > 1 else np.ones_like
    return Setup(terms, terms, r, r, **options)


def measured(model: BehavioralModel, **options: object) -> Setup:
    """The fitted rank terms; r is how the slope over the eight levels shrinks."""
    law, unit = model.cell.retention, model.cell.unit_current_A

    def age_factor(g):
        return lambda age: g(np.log10(1 + age * law.token_period_s / law.age_scale_s))

    def level_factor(f):
        return lambda V: f(V) / unit

    terms = [(level_factor(f), age_factor(g)) for f, g in zip(law.level_factors, law.age_factors, strict=True)]
    levels = np.linspace(0, 0.9, 8)

    def slope(age):
        return sum(np.polyfit(levels, f(levels), 1)[0] * g(age) for f, g in terms)

    def r(age):
        return slope(age) / slope(np.zeros(1))

    return Setup(terms, terms, r, r, **options)


def bfloat16_setup() -> Setup:
    decay = 1.6e-4
    exact = polynomial(NONLINEAR, decay)
    r1 = lambda age: bfloat16(np.exp(-decay * age))  # noqa: E731
    r2 = lambda age: bfloat16(r1(age) * r1(age))  # noqa: E731
    r3 = lambda age: bfloat16(r2(age) * r1(age))  # noqa: E731
    rounded = [np.ones_like, r1, r2, r3]
    return Setup(exact, [(f, g) for (f, _), g in zip(exact, rounded, strict=True)], exact[1][1], r1)


DECAY = 1.6e-4
CASES = {
    "published": ("leroux2025", {}, exponential(NONLINEAR, DECAY)),
    "linear": ("leroux2025_linear", {}, exponential([0.0, 19.3], DECAY)),
    "no decay": ("leroux2025", {"decay": False}, exponential(NONLINEAR, 0.0)),
    "no quantizers": ("leroux2025", {"quantize": False}, exponential(NONLINEAR, DECAY, quantize=False)),
    "window": ("leroux2025", {"window": 70}, exponential(NONLINEAR, DECAY, window=70)),
    "ring": ("leroux2025", {"window": 70, "tiles": "ring"}, exponential(NONLINEAR, DECAY, window=70, ring=True)),
    "too fast to fold": ("leroux2025", {"decay": 3.0}, exponential(NONLINEAR, 3.0)),
    "bfloat16": ("leroux2025", {"decay_dtype": "bfloat16"}, bfloat16_setup()),
    "measured law": ("cmos28", {}, measured(gc.load_model("cmos28"))),
    "measured law, no quantizers": ("cmos28", {"quantize": False}, measured(gc.load_model("cmos28"), quantize=False)),
}


def drawn(shape: tuple[int, ...], seed: int = 0):
    """q, k, v, scalers and an upstream gradient with every clip in use: saturated scores, tiles, and stored levels."""
    rng = np.random.default_rng(seed)
    q, k, v, upstream = (rng.normal(0, 1, shape) for _ in range(4))
    heads = shape[1]
    scalers = {
        "q": (rng.uniform(0.6, 1.4, heads), rng.uniform(0.2, 0.6, heads)),
        "k": (rng.uniform(0.2, 0.5, heads), np.linspace(0.45, 0.75, heads)),
        "v": (rng.uniform(0.2, 0.5, heads), np.linspace(0.1, 0.8, heads)),
        "out": (rng.uniform(0.5, 2, heads), rng.normal(0, 1, heads)),
    }
    return q, k, v, scalers, upstream


def with_gradients(q, k, v, scalers, upstream, model, dtype=torch.float64, **options):
    """out and the gradients by name, from torch."""
    leaf = {name: torch.tensor(x, dtype=dtype, requires_grad=True) for name, x in (("q", q), ("k", k), ("v", v))}
    pairs = {n: tuple(torch.tensor(p, dtype=dtype, requires_grad=True) for p in scalers[n]) for n in NAMES}
    out = analog_attention(leaf["q"], leaf["k"], leaf["v"], model, scalers=pairs, **options)
    out.backward(torch.tensor(upstream, dtype=dtype))
    gradients = {name: x.grad.numpy() for name, x in leaf.items()}
    gradients |= {f"{n}.{part}": p.grad.numpy() for n in NAMES for part, p in zip("ab", pairs[n], strict=True)}
    return out.detach().numpy(), gradients


@pytest.mark.parametrize("case", CASES)
def test_forward_and_all_gradients_are_the_transcription_s(case):
    name, options, setup = CASES[case]
    q, k, v, scalers, upstream = drawn(SHAPE)
    wanted, wanted_gradients, _ = attention_and_gradients(q, k, v, scalers, upstream, setup)
    out, gradients = with_gradients(q, k, v, scalers, upstream, gc.load_model(name), **options)
    np.testing.assert_allclose(out, wanted, rtol=0, atol=1e-9)
    for name, expected in wanted_gradients.items():
        np.testing.assert_allclose(gradients[name], expected, rtol=0, atol=1e-9, err_msg=name)
        assert np.abs(expected).max() > 1e-3, name


def test_the_data_clips_everywhere_and_nowhere_everything():
    q, k, v, scalers, upstream = drawn(SHAPE)
    _, gradients, clipped = attention_and_gradients(q, k, v, scalers, upstream, CASES["published"][2])
    shares = clipped | {name: float(np.mean(gradients[name] == 0)) for name in ("q", "k", "v")}
    assert all(0.01 < share < 0.9 for share in shares.values()), shares


@pytest.mark.parametrize("options", [{}, {"window": 40}, {"decay": 0.7}, {"quantize": False}], ids=str)
def test_numpy_gives_the_same_numbers(options):
    q, k, v, scalers, _ = drawn(SHAPE, seed=4)
    model = gc.load_model("cmos28")
    pairs = {name: tuple(map(torch.tensor, pair)) for name, pair in scalers.items()}
    ours = analog_attention(*map(torch.tensor, (q, k, v)), model, scalers=pairs, **options)
    np.testing.assert_allclose(ours, gc.analog_attention(q, k, v, model, scalers, **options), rtol=0, atol=1e-9)


def test_default_scalers_are_those_of_numpy():
    q, k, v, _, _ = drawn(SHAPE, seed=5)
    model = gc.load_model("leroux2025")
    ours = analog_attention(*map(torch.tensor, (q, k, v)), model)
    np.testing.assert_allclose(ours, gc.analog_attention(q, k, v, model), rtol=0, atol=1e-9)


def test_grouped_heads_are_heads_that_read_the_same_cells():
    q, k, v, scalers, upstream = drawn((2, 6, 100, 24), seed=6)
    k, v = k[:, ::3], v[:, ::3]
    scalers |= {name: tuple(part[::3] for part in scalers[name]) for name in ("k", "v")}
    repeated = scalers | {name: tuple(np.repeat(part, 3) for part in scalers[name]) for name in ("k", "v")}
    setup = CASES["published"][2]
    wide = np.repeat(k, 3, axis=1), np.repeat(v, 3, axis=1)
    wanted, expected, _ = attention_and_gradients(q, *wide, repeated, upstream, setup)
    out, gradients = with_gradients(q, k, v, scalers, upstream, gc.load_model("leroux2025"))
    np.testing.assert_allclose(out, wanted, rtol=0, atol=1e-9)
    for name in ("k", "v"):
        together = expected[name].reshape(2, 2, 3, 100, 24).sum(2)
        np.testing.assert_allclose(gradients[name], together, rtol=0, atol=1e-9)
        for part in "ab":
            together = expected[f"{name}.{part}"].reshape(2, 3).sum(1)
            np.testing.assert_allclose(gradients[f"{name}.{part}"], together, rtol=0, atol=1e-9)
    np.testing.assert_allclose(gradients["q"], expected["q"], rtol=0, atol=1e-9)


def test_float32_and_half_precision_keep_their_dtype():
    q, k, v, scalers, _ = drawn((1, 2, 80, 8), seed=7)
    model = gc.load_model("leroux2025")
    pairs = {name: tuple(map(torch.tensor, pair)) for name, pair in scalers.items()}
    exact = analog_attention(*map(torch.tensor, (q, k, v)), model, scalers=pairs, quantize=False)
    for dtype, tolerance in ((torch.float32, 2e-6), (torch.bfloat16, 0.1)):
        given = [torch.tensor(x).to(dtype) for x in (q, k, v)]
        out = analog_attention(*given, model, scalers=pairs, quantize=False)
        assert out.dtype == dtype
        torch.testing.assert_close(out.double(), exact, rtol=tolerance, atol=tolerance)


def test_faults_are_one_line():
    model = gc.load_model("leroux2025")
    x = torch.zeros(1, 2, 4, 3)
    with pytest.raises(InputError, match=r"H a multiple of G"):
        analog_attention(x, torch.zeros(1, 3, 4, 3), torch.zeros(1, 3, 4, 3), model)
    with pytest.raises(InputError, match=r"k: 5 tokens; expected those of q, 4"):
        analog_attention(x, torch.zeros(1, 2, 5, 3), torch.zeros(1, 2, 5, 3), model)
    with pytest.raises(InputError, match="not finite"):
        analog_attention(x, x * torch.nan, x, model)
    one, two = torch.ones(1), torch.ones(2)
    unfit = {name: (one, one) if name == "k" else (two, two) for name in NAMES}
    with pytest.raises(InputError, match=r"scalers.k.a: shape \(1,\), expected \(2,\)"):
        analog_attention(x, x, x, model, scalers=unfit)
    with pytest.raises(InputError, match="window"):
        analog_attention(x, x, x, model, window=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_cuda_gives_the_numbers_of_the_cpu():
    q, k, v, scalers, upstream = drawn(SHAPE)
    wanted, expected, _ = attention_and_gradients(q, k, v, scalers, upstream, CASES["published"][2])
    leaves = [torch.tensor(x, device="cuda", requires_grad=True) for x in (q, k, v)]
    pairs = {name: tuple(map(torch.tensor, pair)) for name, pair in scalers.items()}
    out = analog_attention(*leaves, gc.load_model("leroux2025"), scalers=pairs)
    out.backward(torch.tensor(upstream, device="cuda"))
    np.testing.assert_allclose(out.detach().cpu(), wanted, rtol=0, atol=1e-9)
    for name, leaf in zip("qkv", leaves, strict=True):
        np.testing.assert_allclose(leaf.grad.cpu(), expected[name], rtol=0, atol=1e-9)

"""The forward pass against transformers' GPT-2 with the same random weights, and its parts against plain formulas."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from gaincell_char.errors import InputError
from gaincell_char.gpt2 import SoftmaxAttention, load_gpt2
from gaincell_char.gpt2.config import GPT2Config
from gaincell_char.gpt2.model import gelu_new, layer_norm
from gaincell_char.gpt2.softmax import causal_softmax
from gaincell_char.gpt2.weights import Norm

EMBEDDED = {"vocab_size": 4096, "n_positions": 1024, "n_embd": 256, "n_layer": 4, "n_head": 4}


def reference(folder: Path, sizes: dict[str, int]):
    """transformers' network with random weights, larger than its initialization, saved to `folder`."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    network = transformers.GPT2LMHeadModel(transformers.GPT2Config(**sizes, bos_token_id=0, eos_token_id=0)).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if ".c_attn." in name:  # at the initial scale attention is uniform and its errors do not show
                parameter.mul_(5)
            elif "bias" in name:
                parameter.normal_(0, 0.1)
    network.save_pretrained(folder)
    return network


def compare(folder: Path, sizes: dict[str, int], tokens: int) -> dict[str, float]:
    """Largest difference of the logits, by precision."""
    torch = pytest.importorskip("torch")
    network = reference(folder, sizes)
    ids = np.random.default_rng(1).integers(0, sizes["vocab_size"], (1, tokens))
    worst = {}
    for name in ("float32", "float64"):
        with torch.no_grad():
            expected = network.to(getattr(torch, name))(torch.from_numpy(ids)).logits.numpy()
        found = load_gpt2(folder, name).logits(ids)
        assert found.dtype == name
        worst[name] = float(np.abs(found - expected).max())
    return worst


def test_embedded_configuration_agrees_with_transformers(tmp_path):
    worst = compare(tmp_path, EMBEDDED, 1024)
    assert worst["float32"] <= 1e-3
    assert worst["float64"] <= 1e-9


@pytest.mark.full
def test_published_configuration_agrees_with_transformers(tmp_path):
    worst = compare(
        tmp_path, {"vocab_size": 50257, "n_positions": 1024, "n_embd": 768, "n_layer": 12, "n_head": 12}, 1024
    )
    assert worst["float32"] <= 1e-3
    assert worst["float64"] <= 1e-9


def test_a_batch_is_its_sequences(checkpoint):
    lm = load_gpt2(checkpoint(), "float64")
    ids = np.random.default_rng(0).integers(0, 257, (3, 40))
    apart = np.concatenate([lm.logits(ids[row : row + 1]) for row in range(3)])
    assert np.allclose(lm.logits(ids), apart, rtol=0, atol=1e-12)


def test_a_token_does_not_see_the_future(checkpoint):
    lm = load_gpt2(checkpoint(), "float64")
    ids = np.random.default_rng(0).integers(0, 257, (1, 60))
    changed = ids.copy()
    changed[0, 40:] = 7
    assert np.array_equal(lm.logits(ids)[:, :40], lm.logits(changed)[:, :40])


def test_losses_are_the_logits_cross_entropy(checkpoint):
    lm = load_gpt2(checkpoint(), "float64")
    ids = np.random.default_rng(0).integers(0, 257, (2, 50))
    logits = lm.logits(ids)
    probability = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    expected = -np.log(np.take_along_axis(probability[:, :-1], ids[:, 1:, None], axis=2)[..., 0])
    assert np.allclose(lm.token_losses(ids), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("queries", "keys", "window"),
    [
        (300, 300, None),
        (300, 300, 64),
        (7, 300, 64),
        (1, 1, 1),
        (1, 64, 64),
        (300, 300, 1),
        (130, 400, 299),
        (5, 9, 100),
    ],
)
def test_softmax_attention_against_its_definition(queries, keys, window):
    rng = np.random.default_rng(queries)
    q, k, v = (rng.normal(size=(2, 3, count, 8)) for count in (queries, keys, keys))
    expected = np.zeros_like(q)
    for t in range(queries):
        here = keys - queries + t
        first = 0 if window is None else max(0, here - window + 1)
        score = np.einsum("bhd,bhsd->bhs", q[:, :, t], k[:, :, first : here + 1]) / math.sqrt(8)
        weight = np.exp(score)
        expected[:, :, t] = np.einsum("bhs,bhsd->bhd", weight, v[:, :, first : here + 1]) / weight.sum(
            -1, keepdims=True
        )
    assert np.allclose(causal_softmax(q, k, v, window), expected, rtol=0, atol=1e-12)


def test_softmax_attention_survives_large_scores():
    q = np.full((1, 1, 3, 4), 1e3, np.float32)
    v = np.arange(12, dtype=np.float32).reshape(1, 1, 3, 4)
    assert np.allclose(causal_softmax(q, q, v)[0, 0, 2], v[0, 0].mean(axis=0))


def test_gelu_and_norm_against_their_formulas():
    x = np.random.default_rng(0).normal(0, 2, (2, 300, 5))
    expected = [0.5 * y * (1 + math.tanh(math.sqrt(2 / math.pi) * (y + 0.044715 * y**3))) for y in x.ravel()]
    out = x.copy()
    gelu_new(out)
    assert np.allclose(out.ravel(), expected, rtol=0, atol=1e-14)

    config = GPT2Config(vocab_size=9, n_positions=8, n_embd=5, n_layer=1, n_head=1)
    g, b = np.arange(1.0, 6.0), np.arange(5.0)
    normal = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    assert np.allclose(layer_norm(x, Norm(g, b), config), normal * g + b, rtol=0, atol=1e-13)


def test_any_callable_is_an_attention(checkpoint):
    """Returning v untouched is attention to oneself, which a window of one token is too."""
    lm = load_gpt2(checkpoint(), "float64")
    ids = np.random.default_rng(0).integers(0, 257, (1, 30))
    seen = []

    def itself(layer, q, k, v, cache):
        seen.append((layer, q.shape))
        return v

    assert np.allclose(lm.logits(ids, itself), lm.logits(ids, SoftmaxAttention(window=1)), rtol=0, atol=1e-12)
    assert seen == [(0, (1, 2, 30, 16)), (1, (1, 2, 30, 16))]


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        ([1, 2, 3], r"shape \(3,\)"),
        (np.zeros((1, 0), int), r"shape \(1, 0\)"),
        ([[0.5, 1.0]], "float64"),
        ([[1, 257]], "from 1 to 257; the vocabulary has 0 to 256"),
        ([[-1, 3]], "from -1"),
        (np.zeros((1, 97), int), "97 tokens in a sequence; this network knows 96"),
    ],
)
def test_ids_that_cannot_be_read_are_refused(checkpoint, ids, said):
    with pytest.raises(InputError, match=said):
        load_gpt2(checkpoint()).logits(ids)

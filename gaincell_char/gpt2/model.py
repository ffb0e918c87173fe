"""GPT-2, section by section: embeddings, blocks of attention and MLP with norms before them, a final norm, the head.

Shapes: B sequences, T tokens, C = n_embd, H heads of width D = C / H. Everything runs in `Weights.dtype`; a matrix kept
in half precision is converted when it is used.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.blas import by_rows
from gaincell_char.attention.cache import KVCache
from gaincell_char.gpt2.config import GPT2Config
from gaincell_char.gpt2.softmax import Attention
from gaincell_char.gpt2.weights import Affine, Array, Block, Norm, Weights

Ids = npt.NDArray[np.integer]


def hidden_states(
    ids: Ids, weights: Weights, config: GPT2Config, attention: Attention, cache: KVCache | None = None
) -> Array:
    """What the head reads, (B, T, C), of token ids (B, T) that follow the `cache.length` tokens in the cache."""
    start = 0 if cache is None else cache.length
    x: Array = weights.wpe[start : start + ids.shape[1]] + weights.wte[ids]
    for layer, block in enumerate(weights.blocks):
        x += multi_head_attention(layer_norm(x, block.ln_1, config), block, layer, config, attention, cache)
        x += mlp(layer_norm(x, block.ln_2, config), block)
    return layer_norm(x, weights.ln_f, config)


def head(hidden: Array, weights: Weights) -> Array:
    """Logits (..., vocabulary) of hidden states (..., C): the token embedding, transposed."""
    if weights.wte.dtype == hidden.dtype:
        return hidden @ weights.wte.T
    logits = np.empty((*hidden.shape[:-1], len(weights.wte)), hidden.dtype)
    for first in range(0, len(weights.wte), HEAD_ROWS):
        tokens = slice(first, first + HEAD_ROWS)
        logits[..., tokens] = hidden @ weights.wte[tokens].astype(hidden.dtype).T
    return logits


HEAD_ROWS = 4096
"""Rows of a token embedding in half precision that are converted at a time."""


def multi_head_attention(
    x: Array, block: Block, layer: int, config: GPT2Config, attention: Attention, cache: KVCache | None
) -> Array:
    """Project to q, k, v; let `attention` mix the tokens head by head; project back. (B, T, C) -> (B, T, C)."""
    batch, length, width = x.shape
    qkv = affine(x, block.c_attn).reshape(batch, length, 3, config.n_head, config.head_width)
    q, k, v = qkv.transpose(2, 0, 3, 1, 4)
    mixed = attention(layer, q, k, v, cache)
    return affine(mixed.transpose(0, 2, 1, 3).reshape(batch, length, width), block.c_proj)


def mlp(x: Array, block: Block) -> Array:
    """C -> 4C -> C through `gelu_new`."""
    rows, fc, proj = x.reshape(-1, x.shape[-1]), in_precision(block.mlp_fc, x), in_precision(block.mlp_proj, x)
    out = np.empty((len(rows), proj.w.shape[1]), x.dtype)

    def part(some: slice) -> None:
        wide = rows[some] @ fc.w
        wide += fc.b
        gelu_new(wide)
        np.matmul(wide, proj.w, out=out[some])
        out[some] += proj.b

    by_rows(part, len(rows))
    return out.reshape(*x.shape[:-1], -1)


def affine(x: Array, layer: Affine) -> Array:
    """x @ w + b."""
    rows, ready = x.reshape(-1, x.shape[-1]), in_precision(layer, x)
    out = np.empty((len(rows), ready.w.shape[1]), x.dtype)

    def part(some: slice) -> None:
        np.matmul(rows[some], ready.w, out=out[some])
        out[some] += ready.b

    by_rows(part, len(rows))
    return out.reshape(*x.shape[:-1], -1)


def in_precision(layer: Affine, like: Array) -> Affine:
    """`layer` as it is multiplied with `like`."""
    return Affine(layer.w.astype(like.dtype, copy=False), layer.b)


def layer_norm(x: Array, norm: Norm, config: GPT2Config) -> Array:
    """g (x - mean) / sqrt(var + epsilon) + b over the last axis, the variance with divisor C."""
    out: Array = x - x.mean(axis=-1, keepdims=True)
    variance = np.einsum("...c,...c->...", out, out) / x.shape[-1]
    out *= (1 / np.sqrt(variance + config.layer_norm_epsilon))[..., None]
    out *= norm.g
    out += norm.b
    return out


GELU_ROWS = 128
"""Rows of the MLP that `gelu_new` takes at a time: the scratch stays in the processor's cache."""


def gelu_new(x: Array) -> None:
    """x <- 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), in place."""
    rows = x.reshape(-1, x.shape[-1])
    scale = math.sqrt(2 / math.pi)
    scratch = np.empty_like(rows[:GELU_ROWS])
    for start in range(0, len(rows), GELU_ROWS):
        part = rows[start : start + GELU_ROWS]
        inner = scratch[: len(part)]
        np.multiply(part, part, out=inner)
        inner *= 0.044715 * scale
        inner += scale
        inner *= part
        np.tanh(inner, out=inner)
        inner += 1
        inner *= 0.5
        part *= inner

"""The loss that a circuit adds to each token of a text, and which head's circuit adds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.attention import AnalogAttention
from gaincell_char.attention.cache import KVCache
from gaincell_char.behavior import load_model
from gaincell_char.errors import InputError
from gaincell_char.evaluation.perplexity import windows
from gaincell_char.gpt2 import GPT2, Attention
from gaincell_char.gpt2.hardware import SCALERS_FILE
from gaincell_char.gpt2.softmax import SoftmaxAttention

Array = npt.NDArray[np.float64]
Progress = Callable[[int, int, str], None]

IDEAL = "leroux2025_linear"


@dataclass(frozen=True)
class Explanation:
    """A text of n tokens through a circuit and through ideal attention.

    pieces: the text, cut into its n tokens.
    ideal, circuit: -log p of the tokens 1 .. n - 1, nats: (n - 1,).
    layers, heads: nats a token that the circuit adds where only this layer (layers,), or this head (layers, heads), is
        the circuit and all others are ideal; None where not asked for. They do not add up: errors meet.
    """

    pieces: tuple[str, ...]
    ideal: Array
    circuit: Array
    layers: Array | None
    heads: Array | None

    @property
    def added(self) -> Array:
        """Nats that the circuit adds to each of the tokens 1 .. n - 1."""
        return self.circuit - self.ideal

    def describe(self) -> dict[str, Any]:
        """As JSON."""
        losses = zip(self.pieces[1:], self.ideal.tolist(), self.circuit.tolist(), strict=True)
        tokens = [{"text": text, "ideal_nats": ideal, "circuit_nats": circuit} for text, ideal, circuit in losses]
        return {
            "ideal_loss_nats": float(self.ideal.mean()),
            "circuit_loss_nats": float(self.circuit.mean()),
            "added_nats": float(self.added.mean()),
            "first_token": self.pieces[0],
            "tokens": tokens,
            "layer_added_nats": None if self.layers is None else self.layers.tolist(),
            "head_added_nats": None if self.heads is None else self.heads.tolist(),
        }


def explain(
    lm: GPT2,
    text: str,
    circuit: Attention,
    ideal: Attention,
    tokens: int = 512,
    by_head: bool = True,
    progress: Progress | None = None,
) -> Explanation:
    """Read the first `tokens` tokens of `text` with `circuit` and with `ideal`, in windows of the network's context.

    `by_head`: also once with each layer, and each head, as the only one that is the circuit.

    Raises
    ------
    InputError
        A text, or `tokens`, of fewer than two tokens; no tokenizer.
    """
    if tokens < 2:
        raise InputError(f"tokens: {tokens}; the loss needs at least 2")
    ids = lm.encode(text, least=2)[:tokens]
    shape = lm.config.n_layer, lm.config.n_head
    alone = [np.arange(shape[0]) == layer for layer in range(shape[0])] if by_head else []
    choices = [np.repeat(layer[:, None], shape[1], 1) for layer in alone]
    choices += [np.outer(layer, np.arange(shape[1]) == head) for layer in alone for head in range(shape[1])]
    total = 2 + len(choices)

    def losses(attention: Attention, number: int) -> Array:
        found = [lm.token_losses(piece[None], attention)[0] for piece in windows(ids, lm.config.n_positions)]
        if progress is not None:
            progress(number, total, "")
        return np.concatenate(found)

    base, full = losses(ideal, 1), losses(circuit, 2)
    mixed = [Mixed(ideal, circuit, chosen) for chosen in choices]
    costs = np.array([losses(attention, 3 + i).mean() - base.mean() for i, attention in enumerate(mixed)])
    layers = costs[: shape[0]] if by_head else None
    heads = costs[shape[0] :].reshape(shape) if by_head else None
    return Explanation(_pieces(lm, text, len(ids)), base, full, layers, heads)


class Mixed:
    """Attention that is `circuit` in the chosen heads, `chosen` (layers, heads) of bool, and `ideal` in the others."""

    def __init__(self, ideal: Attention, circuit: Attention, chosen: npt.NDArray[np.bool_]) -> None:
        self._ideal = ideal
        self._circuit = circuit
        self._chosen = chosen

    def __call__(self, layer: int, q: Any, k: Any, v: Any, cache: KVCache | None = None) -> Any:
        chosen = self._chosen[layer]
        if chosen.all():
            return self._circuit(layer, q, k, v, None)
        out = self._ideal(layer, q, k, v, None)
        if chosen.any():
            out[:, chosen] = self._circuit(layer, q, k, v, None)[:, chosen]
        return out


def ideal_attention(lm: GPT2, window: int) -> Attention:
    """What the weights of `lm` were trained for: softmax, or linear attention without quantizers and decay."""
    if lm.config.gaincell.attention == "software" or lm.folder is None:
        return SoftmaxAttention(window)
    return AnalogAttention(load_model(IDEAL), lm.folder / SCALERS_FILE, window=window, quantize=False, decay=False)


def _pieces(lm: GPT2, text: str, count: int) -> tuple[str, ...]:
    """The first `count` tokens as they stand in `text`; one that is a part of a character may be empty."""
    offsets = lm.tokenizer.encode(text, add_special_tokens=False).offsets[:count]
    pieces, done = [], 0
    for _, end in offsets:
        pieces.append(text[done:end])
        done = max(done, end)
    return tuple(pieces)

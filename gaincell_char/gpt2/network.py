"""A GPT-2 that a user holds: logits, losses, text in and text out, with software or analog attention."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from gaincell_char.attention import AnalogAttention
from gaincell_char.attention.cache import KVCache
from gaincell_char.errors import InputError
from gaincell_char.gpt2 import model, tokenizer
from gaincell_char.gpt2.config import GPT2Config
from gaincell_char.gpt2.generation import decode
from gaincell_char.gpt2.sampling import Sampling
from gaincell_char.gpt2.softmax import Attention, SoftmaxAttention
from gaincell_char.gpt2.weights import Array, Weights

if TYPE_CHECKING:
    from gaincell_char.evaluation.perplexity import Perplexity

LOGIT_ROWS = 256
"""Tokens whose logits exist at a time when only losses are wanted."""


class GPT2:
    """A network with its tokenizer.

    `attention` in every method: None for the published softmax, else a callable as `gpt2.softmax.Attention` describes,
    for example an `AnalogAttention`.
    """

    def __init__(
        self, config: GPT2Config, weights: Weights, text_tokenizer: Tokenizer | None = None, folder: Path | None = None
    ) -> None:
        self.config = config
        self.weights = weights
        self.folder = folder
        self._tokenizer = text_tokenizer

    @property
    def dtype(self) -> np.dtype[Any]:
        """Precision of states and logits."""
        return self.weights.dtype

    @property
    def name(self) -> str:
        """What messages call this network."""
        return "this network" if self.folder is None else str(self.folder)

    @property
    def tokenizer(self) -> Tokenizer:
        """The text tokenizer; raises InputError where the checkpoint has none (ids work without)."""
        if self._tokenizer is None:
            raise InputError(
                f"{self.name}: no tokenizer.json and no vocab.json with merges.txt: text needs one, token ids do not"
            )
        return self._tokenizer

    def new_cache(self) -> KVCache:
        """An empty cache, for sequences to be read piece by piece with one attention."""
        return KVCache(self.config.n_layer)

    def hidden(self, ids: npt.ArrayLike, attention: Attention | None = None, cache: KVCache | None = None) -> Array:
        """Final normalized states (B, T, n_embd) of token ids (B, T) that continue what `cache` holds.

        Raises
        ------
        InputError
            ids of another shape, outside the vocabulary, or more than the positions that the network knows; states that
            are not finite.
        """
        tokens = self._checked(ids, 0 if cache is None else cache.length)
        self._warn_if_untrained(attention)
        states = model.hidden_states(tokens, self.weights, self.config, attention or SoftmaxAttention(), cache)
        if not np.isfinite(states).all():
            raise InputError(f"{self.name}: the network's states are not finite; its weights or scalers are damaged")
        return states

    def logits(self, ids: npt.ArrayLike, attention: Attention | None = None, cache: KVCache | None = None) -> Array:
        """Next-token logits (B, T, vocabulary) of token ids (B, T) that continue what `cache` holds.

        Raises as `hidden`.
        """
        return self.head(self.hidden(ids, attention, cache))

    def head(self, hidden: Array) -> Array:
        """Next-token logits (..., vocabulary) of states (..., n_embd), for those who want a few positions only."""
        return model.head(hidden, self.weights)

    def token_losses(self, ids: npt.ArrayLike, attention: Attention | None = None) -> npt.NDArray[np.float64]:
        """-log p of every token after the first, in nats: (B, T) -> (B, T - 1). Raises as `hidden`."""
        tokens = np.asarray(ids)
        hidden = self.hidden(tokens, attention)[:, :-1].reshape(-1, self.config.n_embd)
        target = tokens[:, 1:].reshape(-1)
        losses = np.empty(target.size)
        for rows in _row_slices(target.size):
            losses[rows] = _cross_entropy(self.head(hidden[rows]), target[rows])
        return losses.reshape(tokens.shape[0], -1)

    def encode(self, text: str, least: int = 1) -> npt.NDArray[np.int64]:
        """Token ids (n,) of `text`; raises InputError below `least` tokens or without a tokenizer."""
        return tokenizer.encode(self.tokenizer, text, least)

    def perplexity(self, text: str, attention: Attention | None = None, context: int | None = None) -> Perplexity:
        """Loss and perplexity of `text`, read in windows of `context` tokens, with their 95 % intervals."""
        from gaincell_char.evaluation.perplexity import evaluate_text

        return evaluate_text(self, text, attention, context)

    def generate(
        self,
        prompt: str,
        attention: Attention | None = None,
        max_new_tokens: int = 64,
        temperature: float = 1.0,
        top_k: int | None = None,
        seed: int = 0,
    ) -> str:
        """What the network says after `prompt`: at most `max_new_tokens` tokens, or up to its end-of-text token.

        Raises
        ------
        InputError
            No tokenizer, an empty prompt, a sampling parameter out of range, or more tokens than the context has.
        """
        sampling = Sampling(temperature, top_k, seed)
        stop = self.tokenizer.token_to_id(tokenizer.END_OF_TEXT)
        tokens = decode(self, self.encode(prompt), attention, max_new_tokens, sampling)
        text: str = self.tokenizer.decode(list(takewhile(lambda token: token != stop, tokens)))
        return text

    def _warn_if_untrained(self, attention: Attention | None) -> None:
        analog = isinstance(attention, AnalogAttention) and attention.scalers is None
        if analog and self.config.gaincell.attention == "software":
            warnings.warn(
                f"{self.name} was never trained for analog attention, and no scalers were given: expect noise",
                stacklevel=3,
            )

    def _checked(self, ids: npt.ArrayLike, start: int) -> npt.NDArray[np.integer]:
        tokens = np.asarray(ids)
        config = self.config
        if tokens.ndim != 2 or tokens.size == 0 or not np.issubdtype(tokens.dtype, np.integer):
            raise InputError(
                f"token ids of shape {tokens.shape} and type {tokens.dtype}; "
                "expected integers (sequences, tokens), at least one"
            )
        if tokens.min() < 0 or tokens.max() >= config.vocab_size:
            raise InputError(
                f"token ids from {tokens.min()} to {tokens.max()}; the vocabulary has 0 to {config.vocab_size - 1}"
            )
        if start + tokens.shape[1] > config.n_positions:
            raise InputError(
                f"{start + tokens.shape[1]} tokens in a sequence; this network knows {config.n_positions} positions"
            )
        return tokens


def _row_slices(count: int) -> Iterator[slice]:
    return (slice(start, min(start + LOGIT_ROWS, count)) for start in range(0, count, LOGIT_ROWS))


def _cross_entropy(logits: Array, target: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """log sum exp(logits) - logits[target] of every row, in nats. logits (n, vocabulary) is used up."""
    chosen = logits[np.arange(len(target)), target].astype(np.float64)
    peak = logits.max(axis=1, keepdims=True)
    logits -= peak
    np.exp(logits, out=logits)
    total: npt.NDArray[np.float64] = np.log(logits.sum(axis=1, dtype=np.float64)) + peak[:, 0] - chosen
    return total

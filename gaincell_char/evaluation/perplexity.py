"""Loss and perplexity of a text, window by window."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.errors import InputError
from gaincell_char.evaluation.held_out import held_out_ids
from gaincell_char.evaluation.interval import Interval, mean_interval
from gaincell_char.evaluation.loss import Progress, evaluate_loss
from gaincell_char.evaluation.parallel import map_sequences
from gaincell_char.gpt2 import GPT2, Attention

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Perplexity:
    """Mean loss of a text in nats a token, over `tokens` predicted tokens in `windows` windows, with its interval."""

    tokens: int
    windows: int
    loss: Interval

    @property
    def perplexity(self) -> float:
        """exp(loss)."""
        return math.exp(self.loss.mean)

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the perplexity; None for a single window."""
        if self.loss.low is None or self.loss.high is None:
            return None
        return math.exp(self.loss.low), math.exp(self.loss.high)

    def describe(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "tokens": self.tokens,
            "windows": self.windows,
            "loss_nats": self.loss.mean,
            "loss_interval_nats": None if self.loss.low is None else [self.loss.low, self.loss.high],
            "perplexity": self.perplexity,
            "perplexity_interval": self.interval,
        }

    def __str__(self) -> str:
        spread = "" if self.interval is None else f" [{self.interval[0]:.2f}, {self.interval[1]:.2f}]"
        where = f"{self.tokens} token{'s' * (self.tokens != 1)} in {self.windows} window{'s' * (self.windows != 1)}"
        return f"loss {self.loss} nats a token, perplexity {self.perplexity:.2f}{spread}; {where}"


def evaluate_text(
    lm: GPT2,
    text: str,
    attention: Attention | None = None,
    context: int | None = None,
    progress: Progress | None = None,
) -> Perplexity:
    """Read `text` in windows of `context` tokens (default: as many as the network knows positions).

    A window starts with the last token of the one before, so that every token but the first is predicted once; what a
    window predicts first, it predicts from little.

    Raises
    ------
    InputError
        A text of fewer than two tokens, a context of fewer than two or more than the network's positions.
    """
    ids = lm.encode(text, least=2)
    length = lm.config.n_positions if context is None else context
    if not 2 <= length <= lm.config.n_positions:
        raise InputError(f"context: {length} tokens; expected 2 to {lm.config.n_positions}")
    pieces = list(windows(ids, length))
    counts = [piece.size - 1 for piece in pieces]
    sums: list[float] = []
    for total in map_sequences(lambda piece: float(lm.token_losses(piece[None], attention).sum()), pieces):
        sums.append(total)
        if progress is not None:
            progress(len(sums), len(pieces), f"loss {sum(sums) / sum(counts[: len(sums)]):.3f}")
    return Perplexity(sum(counts), len(pieces), mean_interval(sums, counts))


def evaluate_held_out(
    lm: GPT2, attention: Attention | None = None, sequences: int = 32, progress: Progress | None = None
) -> Perplexity:
    """Loss on `sequences` windows of held-out standard-library code, of 1024 tokens or the network's context."""
    ids = held_out_ids(lm.tokenizer, sequences, min(1024, lm.config.n_positions))
    loss = evaluate_loss(lm, ids, attention, progress=progress)
    return Perplexity(loss.nats.size, len(loss.nats), loss.interval)


def windows(ids: Ids, length: int) -> Iterator[Ids]:
    """Pieces of at most `length` of ids (n,), each beginning with the token that ends the one before."""
    return (ids[start : start + length] for start in range(0, ids.size - 1, length - 1))

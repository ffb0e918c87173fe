"""Loss and perplexity of a text, window by window."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaincell_char.errors import InputError
from gaincell_char.evaluation.interval import Interval, mean_interval
from gaincell_char.evaluation.loss import Progress
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


def perplexity(
    lm: GPT2,
    text: str,
    attention: Attention | None = None,
    window: int | None = None,
    progress: Progress | None = None,
) -> Perplexity:
    """Read `text` in windows of `window` tokens (default: as many as the network knows positions).

    A window starts with the last token of the one before, so that every token but the first is predicted once; what a
    window predicts first, it predicts from little. `progress(done, total)` is called after each window.

    Raises
    ------
    InputError
        A text of fewer than two tokens, a window of fewer than two or more than the network's positions.
    """
    ids = lm.encode(text, least=2)
    length = lm.config.n_positions if window is None else window
    if not 2 <= length <= lm.config.n_positions:
        raise InputError(f"window: {length} tokens; expected 2 to {lm.config.n_positions}")
    pieces = list(windows(ids, length))
    sums = np.empty(len(pieces))
    for number, piece in enumerate(pieces):
        sums[number] = lm.token_losses(piece[None], attention).sum()
        if progress is not None:
            progress(number + 1, len(pieces))
    counts = [piece.size - 1 for piece in pieces]
    return Perplexity(sum(counts), len(pieces), mean_interval(sums, counts))


def windows(ids: Ids, length: int) -> Iterator[Ids]:
    """Pieces of at most `length` of ids (n,), each beginning with the token that ends the one before."""
    return (ids[start : start + length] for start in range(0, ids.size - 1, length - 1))

"""Next-token loss of fixed sequences, kept token by token so that two configurations can be paired."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaincell_char.evaluation.interval import Interval, mean_interval, paired_interval
from gaincell_char.gpt2 import GPT2, Attention

Ids = npt.NDArray[np.integer]
Progress = Callable[[int, int, str], None]
"""Called as progress(done, total, note) after each sequence; the note is what has been found so far."""


@dataclass(frozen=True)
class Loss:
    """-log p in nats of every predicted token. nats: (N, T - 1) for N sequences of T tokens."""

    nats: npt.NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Nats a token."""
        return float(self.nats.mean())

    @property
    def perplexity(self) -> float:
        """exp(mean)."""
        return math.exp(self.mean)

    @property
    def interval(self) -> Interval:
        """The mean with its 95 % interval, clustered by sequence."""
        return mean_interval(self.nats.sum(axis=1), np.full(len(self.nats), self.nats.shape[1]))

    def minus(self, other: Loss) -> Interval:
        """Mean paired difference to the loss of another configuration on the same tokens, with its 95 % interval."""
        return paired_interval(self.nats, other.nats)


def evaluate_loss(
    lm: GPT2,
    ids: Ids,
    attention: Attention | None = None,
    batch: int = 1,
    progress: Progress | None = None,
) -> Loss:
    """Loss of sequences ids (N, T), `batch` at a time; one at a time needs the least memory and is as fast.

    Raises InputError for ids that `lm` cannot read.
    """
    nats = []
    for start in range(0, len(ids), batch):
        nats.append(lm.token_losses(ids[start : start + batch], attention))
        if progress is not None:
            progress(min(start + batch, len(ids)), len(ids), f"loss {np.mean(np.concatenate(nats)):.3f}")
    return Loss(np.concatenate(nats))

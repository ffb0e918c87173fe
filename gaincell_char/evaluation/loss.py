"""Next-token loss of fixed sequences, kept token by token so that two configurations can be paired."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaincell_char.evaluation.interval import Interval, mean_interval, paired_interval
from gaincell_char.evaluation.parallel import map_sequences
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
    progress: Progress | None = None,
) -> Loss:
    """Loss of sequences ids (N, T), one on each core at a time.

    Raises InputError for ids that `lm` cannot read.
    """
    nats = []
    for row in map_sequences(lambda sequence: lm.token_losses(sequence[None], attention)[0], list(ids)):
        nats.append(row)
        if progress is not None:
            progress(len(nats), len(ids), f"loss {np.mean(nats):.3f}")
    return Loss(np.stack(nats))

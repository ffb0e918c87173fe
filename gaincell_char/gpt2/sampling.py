"""Choosing the next token from logits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaincell_char.errors import InputError
from gaincell_char.gpt2.weights import Array


@dataclass(frozen=True)
class Sampling:
    """Softmax at `temperature` over the `top_k` likeliest tokens (None: all); at temperature 0 the likeliest.

    Raises InputError for a temperature below 0, a `top_k` below 1 or a negative seed.
    """

    temperature: float = 1.0
    top_k: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.temperature) and self.temperature >= 0):
            raise InputError(
                f"temperature: {self.temperature!r} is no finite number >= 0 (0 takes the likeliest token)"
            )
        if self.top_k is not None and self.top_k < 1:
            raise InputError(f"top_k: {self.top_k} tokens to choose from; give at least 1, or none for all")
        if self.seed < 0:
            raise InputError(f"seed: {self.seed}; expected an integer >= 0")

    def generator(self) -> np.random.Generator:
        """The source of randomness that `seed` names."""
        return np.random.default_rng(self.seed)

    def choose(self, logits: Array, rng: np.random.Generator) -> int:
        """One token id from logits (vocabulary,)."""
        if self.temperature == 0:
            return int(logits.argmax())
        kept = np.arange(logits.size)
        if self.top_k is not None and self.top_k < logits.size:
            kept = np.argpartition(logits, -self.top_k)[-self.top_k :]
        scores = logits[kept].astype(np.float64) / self.temperature
        weight = np.exp(scores - scores.max())
        return int(rng.choice(kept, p=weight / weight.sum()))

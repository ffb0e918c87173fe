"""Random heads whose codes spread over the counter's range, from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaincell_char.verification.predict import Levels

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
SCORE_RANGE = (-0.5, 1.25)
"""Scores of the key columns that are simulated, in full scales: a third dead, a fifth clamped."""
OUTPUT_RANGE = (-1.1, 1.1)
"""Values of the output, in full scales; a little beyond, so that saturated codes come too."""


@dataclass(frozen=True)
class Size:
    """Tokens of the value column, rows of a key column, and how many key columns are simulated (the first ones)."""

    tokens: int = 64
    rows: int = 64
    columns: int = 1


def draw(seed: int, index: int, size: Size, levels: Levels) -> tuple[IntArray, IntArray, IntArray, float]:
    """Case `index` of `seed`: query levels (D,), key levels (T, D), value levels (T,), clock phase 0..1.

    Queries are uniform. Levels of keys and values are drawn with odds exp(tilt x weight x current): with the tilt at
    which the expected sum is a target. Key columns that are simulated have a target each, uniform in `SCORE_RANGE`,
    the others none (tilt 0); the output's is uniform in `OUTPUT_RANGE`. A case depends on seed, index and size only.
    """
    random = np.random.default_rng([seed, index, size.tokens, size.rows, size.columns])
    queries = random.integers(0, 16, size.rows)
    widths = queries / 15
    keys = np.empty((size.tokens, size.rows), np.int64)
    for token in range(size.tokens):
        target = random.uniform(*SCORE_RANGE) * levels.score_scale if token < size.columns else None
        keys[token] = _tilted(random, widths, levels.currents, target)
    pulses = np.clip(levels.currents[keys] @ widths / levels.score_scale, 0.0, 1.0)
    values = _tilted(random, pulses, levels.currents, random.uniform(*OUTPUT_RANGE) * levels.output_scale)
    return queries, keys, values, float(random.uniform())


def _tilted(random: np.random.Generator, weights: Array, currents: Array, target: float | None) -> IntArray:
    """A level for each weight, so that the expected sum of weight x current is `target`, or as near as can be."""
    tilt = 0.0 if target is None else _tilt(weights, currents, target)
    cumulative = np.cumsum(_odds(tilt, weights, currents), axis=1)
    chosen: IntArray = (random.uniform(size=(len(weights), 1)) > cumulative[:, :-1]).sum(axis=1)
    return chosen


def _odds(tilt: float, weights: Array, currents: Array) -> Array:
    exponent = tilt * weights[:, None] * currents
    odds = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def _tilt(weights: Array, currents: Array, target: float) -> float:
    """By bisection: the expected sum grows with the tilt."""
    low, high = -3.0, 3.0
    for _ in range(60):
        middle = (low + high) / 2
        expected = float(np.sum(weights[:, None] * _odds(middle, weights, currents) * currents))
        low, high = (middle, high) if expected < target else (low, middle)
    return (low + high) / 2

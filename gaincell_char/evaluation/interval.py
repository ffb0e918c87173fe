"""95 % intervals of mean losses, with the sequence as the unit: tokens of one text are not independent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]

_Z = 1.959963984540054
"""The normal distribution's 0.975 quantile."""


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval; `low` and `high` are None where one sequence gives no spread."""

    mean: float
    low: float | None
    high: float | None

    @property
    def ends(self) -> tuple[float, float] | None:
        """Both ends of the interval, where there is one."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    def __str__(self) -> str:
        spread = "" if self.low is None or self.high is None else f" [{self.low:.4f}, {self.high:.4f}]"
        return f"{self.mean:.4f}{spread}"


def mean_interval(sums: npt.ArrayLike, counts: npt.ArrayLike) -> Interval:
    """Mean over all tokens of sequences with `sums` (n,) over `counts` (n,) tokens each.

    The ratio estimator sum(sums)/sum(counts); its variance comes from the sequences' residuals sums - mean counts, with
    Student's t of n - 1 degrees of freedom. With equal counts it is the t interval of the sequences' means.
    """
    total, tokens = np.asarray(sums, float), np.asarray(counts, float)
    n, mean = total.size, float(total.sum() / tokens.sum())
    if n < 2:
        return Interval(mean, None, None)
    residual = total - mean * tokens
    half = student_t(n - 1) * math.sqrt(n / (n - 1) * float(residual @ residual)) / float(tokens.sum())
    return Interval(mean, mean - half, mean + half)


def paired_interval(a: Array, b: Array) -> Interval:
    """Mean of a - b, per-token nats (N, T) of the same tokens, clustered by sequence.

    Raises
    ------
    ValueError
        The shapes differ: then the texts do, and there is nothing to pair.
    """
    if a.shape != b.shape:
        raise ValueError(f"losses of shapes {a.shape} and {b.shape} are not of the same tokens")
    difference = a - b
    return mean_interval(difference.sum(axis=1), np.full(len(difference), difference.shape[1]))


def share_interval(right: int, asked: int) -> Interval:
    """The share right/asked with its 95 % Wilson interval (Wilson 1927), which stays within 0 to 1."""
    share, z2 = right / asked, _Z**2
    center = (share + z2 / (2 * asked)) / (1 + z2 / asked)
    half = _Z * math.sqrt(share * (1 - share) / asked + z2 / (4 * asked**2)) / (1 + z2 / asked)
    return Interval(share, min(share, max(0.0, center - half)), max(share, min(1.0, center + half)))


def student_t(freedom: int) -> float:
    """The 0.975 quantile of Student's t: exact for 1 and 2 degrees of freedom, within 0.13 % for more.

    Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5: an expansion in 1/freedom about the normal
    quantile.
    """
    if freedom == 1:
        return math.tan(0.475 * math.pi)
    if freedom == 2:
        return 0.95 * math.sqrt(2 / (1 - 0.95**2))
    z, n = _Z, float(freedom)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / n**order for order, term in enumerate(terms, start=1))

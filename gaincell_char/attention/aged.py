"""Tables over (level, age) as few products f(level) g(age), for the matrix products of the fast path."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]


class AgedTable:
    """table[part, level, age] = fresh[part, level] + sum_r levels[r, part, level] ages[r, age]; age 0 is column 0.

    All parts share the functions of the age. Terms are dropped as long as the sum stays within `tolerance`.
    """

    def __init__(self, table: Doubles, tolerance: float) -> None:
        self.fresh: Doubles = table[..., 0]
        flat = (table - table[..., :1]).reshape(-1, table.shape[-1])
        left, strength, right = np.linalg.svd(flat, full_matrices=False)
        parts = left.T[:, :, None] * (strength[:, None] * right)[:, None, :]
        dropped = [np.abs(parts[rank:].sum(axis=0)).max() for rank in range(len(parts) + 1)]
        rank = int(np.argmax(np.array(dropped) <= tolerance))
        self.levels: Doubles = left.T[:rank].reshape(rank, *self.fresh.shape)
        self.ages: Doubles = strength[:rank, None] * right[:rank]

    def age_terms(self, ages: npt.NDArray[np.integer[Any]]) -> Doubles:
        """g_r at whole `ages` >= 0, (rank, *ages.shape); held beyond the table."""
        return self.ages[:, np.minimum(ages, self.ages.shape[1] - 1)]

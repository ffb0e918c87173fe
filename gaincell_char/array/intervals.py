"""Pulses that start together, cut where one ends: between two ends the same rows are on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]


class Intervals(NamedTuple):
    """`on` (rows, intervals, queries) 1 or 0, and the durations (intervals, queries) or (intervals, 1)."""

    on: Array
    durations: Array


def intervals(pulses: Array) -> Intervals:
    """The intervals of `pulses` (rows, queries) >= 0, of the widths' dtype.

    Rows k and l are on together for min(T_k, T_l). Where all queries share few widths, as 16 input levels do, the
    intervals are those of the widths; otherwise each query has its own, one a row.
    """
    widths = np.unique(pulses)
    widths = widths[widths > 0]
    ends = widths[:, np.newaxis] if len(widths) <= len(pulses) else np.sort(pulses, axis=0)
    on = (pulses[:, np.newaxis] >= ends) & (ends > 0)
    starts = np.concatenate([np.zeros_like(ends[:1]), ends[:-1]])
    return Intervals(on.astype(pulses.dtype), ends - starts)

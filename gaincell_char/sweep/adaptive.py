"""An axis that is refined where a measure finds something: around a crossing, the edge of a range, a kink.

Each round looks at all curves, takes the interval that holds the measure's place on each, and adds points inside it,
until it is no wider than the tolerance. What is added follows from the results alone, so a run that is stopped and
resumed, or has other workers, adds the same points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaincell_char.errors import GaincellError
from gaincell_char.sweep.dataset import Dataset
from gaincell_char.sweep.measures.table import MeasureSpec, curves, measure_curve
from gaincell_char.sweep.spec import Adaptive, Spec

MAX_ROUNDS = 40
_SHARE = 0.45  # of the tolerance, to either side of the place that was found
Array = npt.NDArray[np.float64]


def refine(spec: Spec, dataset: Dataset, more: Callable[[Sequence[float]], Iterable[Dataset]]) -> Dataset:
    """`dataset` with the rows of further values of the adaptive axis; `more(values)` runs them.

    Raises
    ------
    GaincellError
        The tolerance is not reached after `MAX_ROUNDS` rounds.
    """
    adaptive = spec.adaptive
    if adaptive is None:
        return dataset
    measure = spec.measures[adaptive.measure]
    frames = [dataset.frame]
    for _ in range(MAX_ROUNDS):
        found = Dataset(pd.concat(frames, ignore_index=True), dataset.metadata)
        values = wanted(adaptive, measure, found)
        if not values:
            without = int((found.frame["status"] != "ok").sum())
            counts = {"points": len(found.frame), "points_without_result": without}
            return Dataset(found.frame, dataset.metadata | counts)
        frames += [each.frame for each in more(values)]
    raise GaincellError(
        f"{spec.name}: adaptive: {adaptive.measure} is not within {adaptive.tolerance:g} after {MAX_ROUNDS} rounds; "
        "a wider tolerance, or a measure that finds one place"
    )


def wanted(adaptive: Adaptive, measure: MeasureSpec, dataset: Dataset) -> list[float]:
    """The values of the axis to run next, rising; none where every curve is fine enough, or has no such place."""
    values: set[float] = set()
    for curve in curves(measure, dataset):
        place, status, reason = measure_curve(measure, curve)
        if status == "ok" and not reason:
            x = np.sort(curve[measure.over].to_numpy(dtype=np.float64))
            values.update(_between(x, place, adaptive.tolerance))
    return sorted(values)


def _between(x: Array, place: float, tolerance: float) -> Iterable[float]:
    """Points to add to `x` around `place`: close by on both sides, and halfway where the interval is wide."""
    close = 1e-9 * (x[-1] - x[0])
    low = int(np.searchsorted(x, place - close, side="left")) - 1
    high = int(np.searchsorted(x, place + close, side="right"))
    left, right = float(x[max(low, 0)]), float(x[min(high, len(x) - 1)])
    if right - left <= tolerance * (1 + 1e-9):
        return []
    candidates = [place - _SHARE * tolerance, place + _SHARE * tolerance]
    if right - left > 4 * tolerance:
        candidates.append((left + right) / 2)
    inside = {float(f"{value:.12g}"): None for value in candidates if left + close < value < right - close}
    return [value for value in inside if np.abs(x - value).min() > close] or [float(f"{(left + right) / 2:.12g}")]

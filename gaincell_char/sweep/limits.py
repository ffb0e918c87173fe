"""The limits of a spec held against a dataset: pass, fail, or incomplete where points are missing. NaN never passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaincell_char.sweep.dataset import Dataset
from gaincell_char.sweep.spec import Limit, same_number

Result = Literal["pass", "fail", "incomplete"]
Array = npt.NDArray[np.float64]

_REDUCERS: dict[str, Callable[[Array], Array]] = {
    "each": lambda values: values,
    "min": lambda values: np.array([values.min()]),
    "max": lambda values: np.array([values.max()]),
    "mean": lambda values: np.array([values.mean()]),
    "max_abs": lambda values: np.array([np.abs(values).max()]),
    "sigma": lambda values: np.array([values.std(ddof=1) if values.size > 1 else np.nan]),
    "span": lambda values: np.array([values.max() - values.min()]),
}


@dataclass(frozen=True)
class Verdict:
    """A limit judged. `lowest` and `highest` are of the values judged, None where there are none that can be judged."""

    name: str
    limit: Limit
    unit: str
    result: Result
    lowest: float | None
    highest: float | None
    points: int
    reason: str


def judge(limits: Mapping[str, Limit], dataset: Dataset) -> list[Verdict]:
    """A verdict for each limit, in the order of the spec. A value equal to a bound passes."""
    units: dict[str, str] = dataset.metadata["units"]
    frame, fixed = dataset.frame, dataset.metadata["parameters"]
    return [
        _judge(name, limit, units.get(limit.column, ""), frame[_selected(limit, frame, fixed)])
        for name, limit in limits.items()
    ]


def _judge(name: str, limit: Limit, unit: str, rows: pd.DataFrame) -> Verdict:
    without = int((rows["status"] != "ok").sum())
    if rows.empty or without:
        reason = f"{without} of {len(rows)} points have no result" if without else "no point of this sweep is asked for"
        return Verdict(name, limit, unit, "incomplete", None, None, len(rows), reason)
    values = rows[limit.column].to_numpy(dtype=np.float64)
    judged = _REDUCERS[limit.reduce](values)
    if not np.isfinite(judged).all():
        return Verdict(name, limit, unit, "fail", None, None, len(rows), "a value is not a finite number")
    lowest, highest = float(judged.min()), float(judged.max())
    reason = ""
    if limit.min is not None and not lowest >= limit.min:
        reason = f"{lowest:.6g} is below min {limit.min:.6g}"
    elif limit.max is not None and not highest <= limit.max:
        reason = f"{highest:.6g} is above max {limit.max:.6g}"
    return Verdict(name, limit, unit, "fail" if reason else "pass", lowest, highest, len(rows), reason)


def _selected(limit: Limit, frame: pd.DataFrame, fixed: Mapping[str, float]) -> npt.NDArray[np.bool_]:
    chosen = np.ones(len(frame), dtype=bool)
    for column, wanted in limit.where.items():
        values = frame[column].tolist() if column in frame.columns else [fixed[column]] * len(frame)
        chosen &= np.array([_matches(value, wanted) for value in values], dtype=bool)
    return chosen


def _matches(value: float | str, wanted: float | str) -> bool:
    if isinstance(value, str) or isinstance(wanted, str):
        return value == wanted
    return same_number(value, wanted)

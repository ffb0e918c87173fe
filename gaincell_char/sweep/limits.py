"""The limits of a spec held against a dataset: pass, fail, or incomplete where points are missing. NaN never passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaincell_char.sweep.dataset import Dataset
from gaincell_char.sweep.measures.table import MeasureSpec, measured, unit_of
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
_NOT_CONDITIONS = ("point_id", "status", "reason")


@dataclass(frozen=True)
class Verdict:
    """A limit judged. `lowest` and `highest` are of the values judged, None where there are none that can be judged;
    `worst` is the condition of the point that is nearest to a bound or farthest beyond it, empty where a number made
    of many points is judged."""

    name: str
    limit: Limit
    unit: str
    result: Result
    lowest: float | None
    highest: float | None
    points: int
    reason: str
    worst: str = ""


def judge(
    limits: Mapping[str, Limit], dataset: Dataset, measures: Mapping[str, MeasureSpec] | None = None
) -> list[Verdict]:
    """A verdict for each limit, in the order of the spec. A value equal to a bound passes."""
    units: dict[str, str] = dict(dataset.metadata["units"])
    fixed = dataset.metadata["parameters"]
    tables: dict[str, pd.DataFrame] = {}
    verdicts = []
    for name, limit in limits.items():
        table = dataset.frame
        if measures and limit.column in measures:
            measure = measures[limit.column]
            units[limit.column] = unit_of(measure, units)
            if limit.column not in tables:
                tables[limit.column] = measured(limit.column, measure, dataset)
            table = tables[limit.column]
        chosen = _selected(limit, table, fixed)
        rows = table if chosen.all() else table[chosen]
        verdicts.append(_judge(name, limit, units.get(limit.column, ""), rows, dataset))
    return verdicts


def _judge(name: str, limit: Limit, unit: str, rows: pd.DataFrame, dataset: Dataset) -> Verdict:
    without = int((rows["status"] != "ok").sum())
    if rows.empty or without:
        reason = f"{without} of {len(rows)} points have no result" if without else "no point of this sweep is asked for"
        return Verdict(name, limit, unit, "incomplete", None, None, len(rows), reason)
    values = rows[limit.column].to_numpy(dtype=np.float64)
    judged = _REDUCERS[limit.reduce](values)
    if not np.isfinite(judged).all():
        odd = rows[~np.isfinite(values)]
        said = next((reason for reason in odd["reason"] if reason), "a value is not a finite number")
        where = condition(odd.iloc[0], dataset) if len(odd) else ""
        return Verdict(name, limit, unit, "fail", None, None, len(rows), said, where)
    lowest, highest = float(judged.min()), float(judged.max())
    reason = ""
    if limit.min is not None and not lowest >= limit.min:
        reason = f"{lowest:.6g} is below min {limit.min:.6g}"
    elif limit.max is not None and not highest <= limit.max:
        reason = f"{highest:.6g} is above max {limit.max:.6g}"
    at = _worst(limit, values)
    worst = "" if at is None else condition(rows.iloc[at], dataset)
    return Verdict(name, limit, unit, "fail" if reason else "pass", lowest, highest, len(rows), reason, worst)


def _worst(limit: Limit, values: Array) -> int | None:
    """The row that decides: the one with the least room to a bound (negative room: beyond it), or the extreme one;
    None where a number made of all of them is judged."""
    if limit.reduce == "each":
        low = np.full(values.shape, np.inf) if limit.min is None else values - limit.min
        high = np.full(values.shape, np.inf) if limit.max is None else limit.max - values
        return int(np.minimum(low, high).argmin())
    extreme = {"min": -values, "max": values, "max_abs": np.abs(values)}.get(limit.reduce)
    return None if extreme is None else int(extreme.argmax())


def condition(row: pd.Series[Any], dataset: Dataset) -> str:
    """Where a row was measured: `ss, 27 C, 0.9 V, v_store_V=0.45`. Of quantities that never move nothing is said."""
    units = {"temperature_C": " C", "vdd_V": " V"}
    words = [f"{row[name]:g}{unit}" for name, unit in units.items() if name in row.index]
    passed_over = {*_NOT_CONDITIONS, "corner", *units, *dataset.measured_columns}
    for name in row.index:
        if name in dataset.frame.columns and name not in passed_over and dataset.frame[name].nunique() > 1:
            words.append(f"{name}={row[name]:g}")
    return ", ".join([str(row["corner"]), *words])


def _selected(limit: Limit, frame: pd.DataFrame, fixed: Mapping[str, float]) -> npt.NDArray[np.bool_]:
    chosen = np.ones(len(frame), dtype=bool)
    for column, wanted in limit.where.items():
        if column in frame.columns:
            codes, values = pd.factorize(frame[column], use_na_sentinel=False)
            chosen &= np.array([_matches(value, wanted) for value in values], dtype=bool)[codes]
        elif not _matches(fixed[column], wanted):
            chosen[:] = False
    return chosen


def _matches(value: float | str, wanted: float | str) -> bool:
    if isinstance(value, str) or isinstance(wanted, str):
        return value == wanted
    return same_number(value, wanted)

"""Measures of a spec applied to a dataset: one row a curve."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from gaincell_char.errors import InputError, unknown_name
from gaincell_char.sweep.dataset import Dataset
from gaincell_char.sweep.measures import MEASURES, NoMeasure
from gaincell_char.sweep.section import Number, Quantity, Section

_NOT_CONDITIONS = ("point_id", "status", "reason")


class MeasureSpec(Section):
    """`{function: crossing, of: current_A, over: v_store_V, options: {level: 0}}`: a number from each curve of `of`
    over `over`; there is a curve for every combination of the other axes and conditions."""

    function: str
    of: Quantity
    over: Quantity
    within: (
        Annotated[list[Number], Field(min_length=2, max_length=2, description="from, to: the part of x that counts")]
        | None
    ) = None
    options: dict[str, Number] = Field(default={})

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.within and not self.within[0] < self.within[1]:
            raise ValueError(f"within: {self.within[0]:g} is not below {self.within[1]:g}")
        try:
            if self.function not in MEASURES:
                raise unknown_name("function", self.function, MEASURES)
            takes = MEASURES[self.function].options
            for name in self.options:
                if name not in takes:
                    raise unknown_name(f"option of {self.function}", name, takes)
        except InputError as error:
            raise ValueError(str(error)) from None
        for name, default in takes.items():
            if default is None and name not in self.options:
                raise ValueError(f"{self.function} needs the option {name}: options: {{{name}: ...}}")
        return self


def unit_of(measure: MeasureSpec, units: Mapping[str, str]) -> str:
    """The unit of a measure, from those of its two columns: `A/V`."""
    x, y = units.get(measure.over, ""), units.get(measure.of, "")
    return {"x": x, "y": y, "y/x": f"{y}/{x}", "x*y": f"{y} {x}", "1": ""}[MEASURES[measure.function].unit]


def measured(name: str, measure: MeasureSpec, dataset: Dataset) -> pd.DataFrame:
    """The measure called `name`, one row a curve: the conditions, the value, `status` and `reason`.

    A curve with a failed point has that point's status; one that does not have what is asked for has a NaN and the
    reason, and no limit passes on it."""
    rows = []
    conditions = _conditions(measure, dataset)
    for curve in curves(measure, dataset):
        value, status, reason = measure_curve(measure, curve)
        first = {each: curve[each].iloc[0] for each in conditions}
        rows.append({"point_id": curve["point_id"].iloc[0], **first, name: value, "status": status, "reason": reason})
    return pd.DataFrame(rows)


def curves(measure: MeasureSpec, dataset: Dataset) -> Iterator[pd.DataFrame]:
    """The rows of each curve, in the order of the dataset."""
    conditions = _conditions(measure, dataset)
    for _, curve in dataset.frame.groupby(conditions, sort=False, dropna=False):
        yield curve


def _conditions(measure: MeasureSpec, dataset: Dataset) -> list[str]:
    passed_over = (*_NOT_CONDITIONS, *dataset.measured_columns, measure.over)
    return [each for each in dataset.frame.columns if each not in passed_over]


def measure_curve(measure: MeasureSpec, curve: pd.DataFrame) -> tuple[float, str, str]:
    """Value, status and reason of one curve."""
    failed = curve[curve["status"] != "ok"]
    if len(failed):
        return math.nan, str(failed["status"].iloc[0]), str(failed["reason"].iloc[0])
    ordered = curve.sort_values(measure.over, kind="stable")
    x, y = (ordered[each].to_numpy(dtype=np.float64) for each in (measure.over, measure.of))
    if measure.within:
        low, high = measure.within
        inside = (x >= low - 1e-9 * abs(low)) & (x <= high + 1e-9 * abs(high))
        x, y = x[inside], y[inside]
    try:
        if len(x) < 2:
            raise NoMeasure(f"{len(x)} points are no curve over {measure.over}")
        options = {key: default for key, default in MEASURES[measure.function].options.items() if default is not None}
        value = MEASURES[measure.function].function(x, y, **(options | measure.options))
    except NoMeasure as none:
        return math.nan, "ok", str(none)
    return value, "ok", ""

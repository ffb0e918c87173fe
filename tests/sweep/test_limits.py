"""Limits: one-sided ones fail, NaN never passes, 0.0 is judged, what is missing is incomplete."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaincell_char.sweep.dataset import Dataset
from gaincell_char.sweep.limits import Verdict, judge
from gaincell_char.sweep.spec import Limit


def dataset(values: list[float], status: list[str] | None = None) -> Dataset:
    count = len(values)
    frame = pd.DataFrame(
        {"corner": ["tt", "ss"] * (count // 2) + ["tt"] * (count % 2), "x": [index * 0.1 for index in range(count)],
         "y": values, "status": status or ["ok"] * count, "reason": ""}
    )  # fmt: skip
    return Dataset(frame, {"units": {"y": "A"}, "parameters": {"c.w": 1e-9}})


def verdict(values: list[float], status: list[str] | None = None, **limit: object) -> Verdict:
    return judge({"l": Limit.model_validate({"column": "y"} | limit)}, dataset(values, status))[0]


@pytest.mark.parametrize(
    ("values", "limit", "result"),
    [
        ([1, 2, 3], {"max": 3}, "pass"),
        ([1, 2, 3], {"max": 2.999}, "fail"),
        ([1, 2, 3], {"min": 1}, "pass"),
        ([1, 2, 3], {"min": 1.001}, "fail"),
        ([0.0], {"min": 0.1}, "fail"),
        ([0.0], {"max": -0.1}, "fail"),
        ([0.0], {"min": 0}, "pass"),
        ([-1.0], {"min": 0}, "fail"),
        ([1, math.nan, 3], {"max": 10}, "fail"),
        ([math.nan], {"min": -10}, "fail"),
        ([1, math.inf], {"min": 0}, "fail"),
        ([1, math.nan, 3], {"max": 10, "reduce": "max"}, "fail"),
        ([-5, 2], {"max": 4, "reduce": "max_abs"}, "fail"),
        ([-5, 2], {"max": 7, "reduce": "span"}, "pass"),
        ([1, 2, 6], {"min": 3, "max": 3, "reduce": "mean"}, "pass"),
        ([1, 2, 6], {"max": 1, "reduce": "min"}, "pass"),
        ([1, 2, 6], {"min": 2, "reduce": "max"}, "pass"),
    ],
)  # fmt: skip
def test_judged(values: list[float], limit: dict[str, object], result: str) -> None:
    assert verdict(values, **limit).result == result


@pytest.mark.parametrize("reduce", ["each", "min", "max", "mean", "max_abs", "span"])
@pytest.mark.parametrize("status", ["timeout", "missing"])
def test_a_point_without_result_is_incomplete(reduce: str, status: str) -> None:
    found = verdict([1, math.nan, 3], ["ok", status, "ok"], max=10, reduce=reduce)
    assert (found.result, found.reason) == ("incomplete", "1 of 3 points have no result")


def test_only_the_points_asked_for_count() -> None:
    assert verdict([1, 100, 1], max=10, where={"corner": "tt"}).result == "pass"
    assert verdict([1, 1, 100], max=10, where={"x": 0.1 + 1e-12}).result == "pass"
    assert verdict([1, 1, 100], max=10, where={"x": 0.2}).result == "fail"
    assert verdict([1, math.nan, 1], ["ok", "killed", "ok"], max=10, where={"corner": "tt"}).result == "pass"
    assert verdict([1, 1, 100], max=10, where={"c.w": 1e-9, "x": 0.1}).result == "pass"


@pytest.mark.parametrize("where", [{"x": 0.15}, {"corner": "ff"}, {"c.w": 2e-9}, {"x": 0.1, "corner": "tt"}])
def test_no_point_is_incomplete_never_a_pass(where: dict[str, object]) -> None:
    found = verdict([1, 2, 3], max=10, where=where)
    assert (found.result, found.reason) == ("incomplete", "no point of this sweep is asked for")


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20),
    st.none() | st.floats(-1e3, 1e3),
    st.none() | st.floats(-1e3, 1e3),
)
def test_a_pass_means_that_every_value_is_within(values: list[float], low: float | None, high: float | None) -> None:
    if (low is None and high is None) or (low is not None and high is not None and low > high):
        return
    within = all((low is None or value >= low) and (high is None or value <= high) for value in values)
    assert verdict(values, min=low, max=high).result == ("pass" if within else "fail")

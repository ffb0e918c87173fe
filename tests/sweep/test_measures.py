"""Numbers taken from curves, against curves whose numbers are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaincell_char.sweep.measures import MEASURES, NoMeasure

X = np.linspace(0.0, 2.0, 201)


def take(function: str, y: np.ndarray, x: np.ndarray = X, **options: float) -> float:
    known = {name: value for name, value in MEASURES[function].options.items() if value is not None}
    return MEASURES[function].function(x, y, **(known | options))


@given(st.floats(-5, 5), st.floats(0.1, 5), st.floats(0.01, 1.99))
def test_of_a_line(offset: float, slope: float, at: float) -> None:
    y = offset + slope * X
    assert take("slope", y) == pytest.approx(slope)
    assert take("crossing", y, level=offset + slope * at) == pytest.approx(at)
    assert take("value", y, at=at) == pytest.approx(offset + slope * at)
    assert take("integral", y) == pytest.approx(2 * offset + 2 * slope)
    assert take("deviation", y) == pytest.approx(0, abs=1e-9)
    assert take("largest", y) == pytest.approx(offset + 2 * slope)
    assert take("smallest", y) == pytest.approx(offset)


def test_of_an_exponential() -> None:
    y = 1 - np.exp(-X / 0.2)
    assert take("settling", y, band=0.01) == pytest.approx(0.2 * math.log(100), rel=1e-2)
    assert take("crossing", y, level=0.5) == pytest.approx(0.2 * math.log(2), rel=1e-3)


def test_of_a_parabola() -> None:
    """The line through x^2 on 0..2 is 2 x - 2/3; the farthest point is an end, 2/3 off a rise of 4."""
    assert take("deviation", X**2) == pytest.approx(1 / 6, rel=1e-2)
    assert take("range_high", 1 + (X - 1) ** 2, reference=1.0, part=0.25) == pytest.approx(1.5, abs=1e-4)
    assert take("range_low", 1 + (X - 1) ** 2, reference=1.0, part=0.25) == pytest.approx(0.5, abs=1e-4)
    assert take("kink", np.abs(X - 0.7)) == pytest.approx(0.7)


def test_a_crossing_that_falls_or_lies_on_a_point() -> None:
    assert take("crossing", 1 - X, level=0.25) == pytest.approx(0.75)
    assert take("crossing", np.array([1.0, 0.0, -1.0]), np.array([0.0, 1.0, 2.0])) == 1.0
    assert take("crossing", np.array([0.0, 0.0, 1.0]), np.array([3.0, 4.0, 5.0])) == 3.0


@pytest.mark.parametrize(
    ("function", "y", "options", "line"),
    [
        ("crossing", X, {"level": 3.0}, "no crossing of 3: it goes from 0 to 2"),
        ("value", X, {"at": 2.1}, "2.1 is outside the curve, which goes from 0 to 2"),
        ("deviation", 0 * X, {}, "the line is flat"),
        ("settling", X, {"band": 0.001}, "it still moves"),
        ("range_high", 1 + 0 * X, {"reference": 1.0}, "it stays within 0.05"),
        ("range_low", 1 + X, {"reference": 3.0}, "is not inside the curve"),
        ("kink", 2 * X[:2], {}, "2 points have no bend"),
    ],
)
def test_a_curve_without_it_says_so(function: str, y: np.ndarray, options: dict[str, float], line: str) -> None:
    with pytest.raises(NoMeasure, match=line):
        take(function, y, X[: len(y)], **options)

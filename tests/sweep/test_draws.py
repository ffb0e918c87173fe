"""Drawn axes: the same for the same seed, and with the property that gives each method its name."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from gaincell_char.errors import InputError
from gaincell_char.sweep.draws import Draws
from gaincell_char.sweep.section import validated

UNIT = {"a": {"low": "0", "high": "1"}, "b": {"low": "0", "high": "1"}}


def table(method: str, count: int, seed: int = 0, of: dict[str, object] = UNIT) -> np.ndarray:
    draws = validated(Draws, {"method": method, "count": str(count), "seed": str(seed), "of": of}, "d")
    return np.array([list(row.values()) for row in draws.rows()])


@pytest.mark.parametrize("method", ["random", "latin_hypercube", "sobol"])
def test_the_seed_decides(method: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = table(method, 16, 3)
    np.testing.assert_array_equal(first, table(method, 16, 3))
    assert not np.array_equal(first, table(method, 16, 4))
    assert first.shape == (16, 2)
    assert ((first >= 0) & (first <= 1)).all()


def test_a_latin_hypercube_hits_every_slice_once() -> None:
    points = table("latin_hypercube", 37)
    for column in points.T:
        assert sorted(np.floor(column * 37)) == list(range(37))


def test_sobol_points_are_balanced() -> None:
    points = table("sobol", 64)
    for column in points.T:
        assert sorted(np.floor(column * 64)) == list(range(64))
    boxes = np.floor(points * 8)
    assert len({tuple(box) for box in boxes}) == 64


def test_distributions() -> None:
    of = {"n": {"mean": "0.45", "sigma": "10m"}, "l": {"low": "1n", "high": "100n", "scale": "log"}}
    points = table("sobol", 1024, of=of)
    assert points[:, 0].mean() == pytest.approx(0.45, abs=1e-4)
    assert points[:, 0].std() == pytest.approx(0.01, rel=0.01)
    assert np.median(points[:, 1]) == pytest.approx(1e-8, rel=0.02)
    assert points[:, 1].min() >= 1e-9
    assert points[:, 1].max() <= 1e-7


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {"count": "100", "method": "sobol"},
            "d: count 100: Sobol points are balanced in powers of two; use 64 or 128",
        ),
        ({"method": "halton"}, "d: method: 'halton': expected 'random', 'latin_hypercube' or 'sobol'"),
        ({"of": {}}, "expected at least one|at least 1"),
        ({"of": {"a": {"low": "1", "high": "1"}}}, "d: of.a: low 1 is not below high 1"),
        (
            {"of": {"a": {"low": "-1", "high": "1", "scale": "log"}}},
            "d: of.a: a log scale starts above 0, given low -1",
        ),
        ({"of": {"a": {"mean": "0", "sigma": "0"}}}, "d: of.a: sigma is 0; expected more than 0"),
        ({"of": {"a": {"mean": "0", "width": "1"}}}, "d: of.a: unknown key 'width'"),
        ({"seed": "-1"}, "d: seed: '-1' is not a whole number, 0 or more"),
        ({"seed": "9223372036854775808"}, "d: seed: .* is outside 0 to"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(change: dict[str, object], line: str) -> None:
    with pytest.raises(InputError, match=line) as caught:
        validated(Draws, {"method": "random", "count": "4", "of": UNIT, **change}, "d")
    assert "\n" not in str(caught.value)

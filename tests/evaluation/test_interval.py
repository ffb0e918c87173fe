"""Intervals against scipy, against their own promise, and where they cannot be given."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaincell_char.evaluation.interval import Interval, mean_interval, paired_interval, share_interval, student_t

stats = pytest.importorskip("scipy.stats")


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 31, 1000])
def test_student_t(freedom):
    assert student_t(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1.3e-3)


def test_equal_counts_are_the_t_interval_of_the_means():
    means = np.random.default_rng(0).normal(3, 0.2, 32)
    found = mean_interval(means * 100, np.full(32, 100))
    low, high = stats.t.interval(0.95, 31, means.mean(), stats.sem(means))
    assert (found.mean, found.low, found.high) == pytest.approx((means.mean(), low, high), rel=1e-6)


def test_nineteen_of_twenty_intervals_hold_the_truth():
    """Sequences of unequal length with their own level: tokens are far from independent, the interval still holds."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(1000):
        counts = rng.integers(50, 500, 24)
        sums = counts * rng.normal(3.0, 0.5, 24) + rng.normal(0, 1, 24) * np.sqrt(counts)
        found = mean_interval(sums, counts)
        held += found.low <= 3.0 <= found.high
    assert 915 <= held <= 980


def test_pairing_removes_what_both_share():
    rng = np.random.default_rng(0)
    base = 3 + rng.normal(0, 1, (32, 1)) + rng.normal(0, 1, (32, 200))
    other = base + 0.05 + rng.normal(0, 0.1, base.shape)
    difference = paired_interval(other, base)
    assert difference.low < 0.05 < difference.high
    assert difference.high - difference.low < 0.01
    own = mean_interval(base.sum(axis=1), np.full(32, 200))
    assert own.high - own.low > 0.3
    with pytest.raises(ValueError, match="not of the same tokens"):
        paired_interval(base, base[:, 1:])


def test_one_sequence_has_no_interval():
    assert mean_interval([300.0], [100]) == Interval(3.0, None, None)
    assert str(Interval(3.0, None, None)) == "3.0000"
    assert str(Interval(3.0, 2.5, 3.5)) == "3.0000 [2.5000, 3.5000]"


@settings(deadline=None)
@given(st.integers(1, 500), st.data())
def test_shares_stay_within_bounds(asked, data):
    right = data.draw(st.integers(0, asked))
    found = share_interval(right, asked)
    expected = stats.binomtest(right, asked).proportion_ci(0.95, "wilson")
    assert 0 <= found.low <= found.mean <= found.high <= 1
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_ends_where_there_is_an_interval():
    assert Interval(1.0, 0.5, 1.5).ends == (0.5, 1.5)
    assert mean_interval([3.0], [1]).ends is None

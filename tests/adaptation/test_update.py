"""The published update, and the statistics it is fed with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaincell_char.adaptation.moments import Target, clipped_mean
from gaincell_char.adaptation.update import step_size, update
from gaincell_char.attention.scalers import NAMES


def layer(mean, std):
    return {name: Target(np.array([mean]), np.array([std])) for name in NAMES}


def scalers(a=1.0, b=0.0):
    return [{name: (np.array([a]), np.array([b])) for name in NAMES}]


def test_step_size_falls_from_1_to_a_tenth_in_50_updates_and_stays():
    assert step_size(0) == 1.0
    assert step_size(1) == pytest.approx(1 - 0.9 / 49)
    assert step_size(49) == pytest.approx(0.1)
    assert step_size(99) == pytest.approx(0.1)


def test_update_is_the_published_formula():
    after, moved = update(scalers(2.0, 0.3), [layer(1.0, 4.0)], [layer(0.5, 1.0)], alpha=0.6)
    assert moved
    for name in NAMES:
        a, b = after[0][name]
        assert a[0] == pytest.approx(0.6 * 2.0 * 1.0 / 4.0 + 0.4 * 2.0)
        assert b[0] == pytest.approx(0.3 + 0.6 * (0.5 - 1.0))


@given(st.floats(-2, 2), st.floats(0.1, 3), st.floats(-2, 2), st.floats(0.1, 3))
def test_a_full_step_of_an_affine_scaler_reaches_its_deviation(mean, std, mean_goal, std_goal):
    """What passes through a x + b has its deviation right after one full step, and its mean after two."""
    raw_mean, raw_std = 0.7, 1.3
    now = scalers(std / raw_std, mean - std / raw_std * raw_mean)
    for _ in range(2):
        seen = [{n: Target(a * raw_mean + b, a * raw_std) for n, (a, b) in now[0].items()}]
        now, _ = update(now, seen, [layer(mean_goal, std_goal)], alpha=1.0)
    a, b = now[0]["q"]
    assert a[0] * raw_std == pytest.approx(std_goal, abs=1e-4)
    assert a[0] * raw_mean + b[0] == pytest.approx(mean_goal, abs=1e-4)


def test_nothing_moves_within_the_tolerance():
    start = scalers(2.0, 0.3)
    after, moved = update(start, [layer(1.00009, 2.0)], [layer(1.0, 2.00009)], alpha=1.0)
    assert not moved
    assert after[0]["k"] == start[0]["k"]


@pytest.mark.parametrize("value", [0.0, 0.1])
def test_a_constant_head_keeps_its_scale_even_where_rounding_leaves_a_deviation(value):
    rows = np.full(1000, value)
    now = [{n: Target(np.array([rows.mean()]), np.array([rows.std(ddof=1)])) for n in NAMES}]
    after, moved = update(scalers(2.0), now, [layer(0.5, 1.0)], alpha=1.0)
    assert moved
    assert after[0]["out"][0][0] == 2.0
    assert after[0]["out"][1][0] == pytest.approx(0.5 - value)


@given(st.floats(-1, 2), st.floats(0.01, 2))
def test_clipped_mean_agrees_with_quadrature(mean, std):
    z = np.linspace(-9, 9, 20001)
    weight = np.exp(-z * z / 2)
    expected = (np.clip(mean + std * z, 0.0, 1.0) * weight).sum() / weight.sum()
    assert clipped_mean(np.array([mean]), np.array([std]), 0.0, 1.0)[0] == pytest.approx(expected, abs=1e-4)

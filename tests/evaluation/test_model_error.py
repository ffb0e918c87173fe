"""Models that a fit's held-out error allows, and the interval of their losses."""

from statistics import NormalDist

import numpy as np
import pytest

from gaincell_char.attention import analog_attention
from gaincell_char.behavior import load_model
from gaincell_char.behavior.base import FitError
from gaincell_char.behavior.store import model_text, read_model
from gaincell_char.errors import InputError
from gaincell_char.evaluation.model_error import field, fit_bounds, lines, prediction_interval, with_fit_errors


@pytest.fixture(scope="module")
def model():
    return load_model("cmos28")


def inside(found, wanted, bound):
    error = np.asarray(found) - np.asarray(wanted)
    assert 0.3 * bound.rms < np.sqrt(np.mean(error**2)) < 1.1 * bound.rms
    assert np.abs(error).max() <= 1.001 * bound.maximum


@pytest.mark.parametrize("seed", [0, 7])
def test_every_fit_moves_by_what_its_held_out_points_allow(model, seed):
    drawn, bounds = with_fit_errors(model, seed), fit_bounds(model)
    assert read_model(model_text(drawn), "drawn") == drawn
    V, T = np.linspace(0, 0.9, 201), np.linspace(1e-9, 15e-9, 21)
    inside(drawn.cell.current(V), model.cell.current(V), bounds["cell.current"])
    surfaces = [each.cell.pulse_charge.surface(V[:, None], T) for each in (drawn, model)]
    inside(*surfaces, bounds["cell.pulse_charge.surface"])
    for name in ("charge_to_pulse", "signed_charge_to_pulse"):
        before, after = (getattr(each, name).transfer(model.condition) for each in (model, drawn))
        for low, high in lines(before):
            Q = np.linspace(low, high, 201)[1:-1]
            inside(after.pulse_s(Q), before.pulse_s(Q), bounds[name])
        Q = np.linspace(before.pulse_s.knots[0], before.pulse_s.knots[-1], 2001)
        still = (before.pulse_s(Q) == 0) | (np.abs(before.pulse_s(Q)) >= before.positive.clamp_s)
        np.testing.assert_allclose(after.pulse_s(Q)[still], before.pulse_s(Q)[still], atol=1e-16)


def test_the_law_of_retention_begins_with_the_drawn_current_and_strays_with_age(model):
    drawn = with_fit_errors(model, 2)
    V = np.linspace(0, 0.9, 31)

    def current(x):
        law = drawn.cell.retention
        return sum(f(V) * g(x) for f, g in zip(law.level_factors, law.age_factors, strict=True))

    np.testing.assert_allclose(current(0.0), drawn.cell.current(V), atol=1e-12)
    before = model.cell.retention
    aged = [f(V) * g(8.0) for f, g in zip(before.level_factors, before.age_factors, strict=True)]
    assert np.abs(current(8.0) - sum(aged)).max() > before.error.rms / 10


@pytest.mark.parametrize("fidelity", ["paper", "circuit"])
def test_attention_on_a_drawn_model_is_nearly_that_on_the_fitted_one(model, fidelity):
    random = np.random.default_rng(0)
    q, k, v = random.normal(0.3, 0.4, (3, 1, 2, 70, 64))
    scalers = {"q": (0.5, 0.2), "k": (0.4, 0.45), "v": (0.4, 0.45), "out": (1.0, 0.0)}
    per_head = {name: (np.full(2, a), np.full(2, b)) for name, (a, b) in scalers.items()}
    fitted, drawn = (
        analog_attention(q, k, v, each, per_head, fidelity=fidelity) for each in (model, with_fit_errors(model, 1))
    )
    assert 0 < np.abs(drawn - fitted).max() <= 3 * 2 / 31
    assert np.mean(drawn != fitted) < 0.3


def test_draws_differ_and_repeat(model):
    first, again, other = (with_fit_errors(model, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_published_model_has_no_bound():
    assert fit_bounds(load_model("leroux2025")) == {}
    with pytest.raises(InputError, match="no fit of it has an error"):
        with_fit_errors(load_model("leroux2025"), 0)


def test_a_field_keeps_to_its_maximum():
    tight = FitError(rms=1.0, maximum=1.1, full_scale=10.0, n_fit=1, n_held_out=1)
    for seed in range(20):
        drawn = field(-1.0, 2.0, tight, np.random.default_rng(seed), ends=False)
        x = np.linspace(-1, 2, 1001)
        assert np.abs(drawn(x)).max() <= 1.1 * (1 + 1e-3)
        assert np.allclose(drawn([-1.0, 2.0]), 0, atol=1e-12)


@pytest.mark.parametrize("draws", [4, 24])
def test_the_interval_holds_most_of_normal_losses_most_of_the_time(draws):
    random, normal = np.random.default_rng(0), NormalDist(3.0, 0.01)
    enough = 0
    for _ in range(2000):
        found = prediction_interval(random.normal(3.0, 0.01, draws))
        enough += normal.cdf(found.high) - normal.cdf(found.low) >= 0.95
    assert 0.935 < enough / 2000 < 0.97
    with pytest.raises(ValueError, match="2 or more"):
        prediction_interval([3.0])

"""The predictor against scores that are drawn: what it calls distortion is the error of a score."""

import numpy as np
import pytest

from gaincell_char.adaptation.suitability import EFFECTIVE_INPUTS, LARGEST, STORED_SIGMA_V, suitability
from gaincell_char.behavior import load_model
from gaincell_char.behavior.functions import Polynomial
from gaincell_char.errors import InputError
from gaincell_char.studies.cells import FAMILIES, current, with_current

LINEAR = load_model("leroux2025_linear")


def cell(*coefficients):
    curve = Polynomial(center=0.45, coefficients=list(coefficients), domain=(0.0, 0.9), x_unit="V", y_unit="1")
    return with_current(LINEAR, "test", curve)


def test_a_straight_cell_has_no_distortion_whatever_its_gain():
    for gain in (0.8, 1.0, 1.7):
        found = suitability(cell(0.0, 19.3 * gain))
        assert found.gain == pytest.approx(gain)
        assert found.distortion("paper") == pytest.approx(0, abs=1e-12)
        assert found.distortion("offset-aware") == pytest.approx(0, abs=1e-12)


def test_an_offset_is_what_paper_cannot_take_back():
    found = suitability(cell(19.3 * 0.06, 19.3))
    assert (found.even, found.odd) == (pytest.approx(0, abs=1e-9), pytest.approx(0, abs=1e-9))
    assert found.distortion("paper") > LARGEST
    assert found.distortion("offset-aware") < 0.01
    assert found.fits("offset-aware")
    assert not found.fits("paper")
    assert "current at rest" in found.reason("paper")


@pytest.mark.parametrize("coefficients", [(0.0, 12.0, 0.0, 50.0), (0.5, 13.6, -2.6, 46.0), (0.0, 15.0, 20.0, 10.0)])
def test_the_parts_make_the_relative_error_of_drawn_scores(coefficients):
    """q with 32 inputs on, all of one width (N = 32); the right score's deviation against the wrong one's error."""
    rng = np.random.default_rng(0)
    levels = np.linspace(0, 0.9, 8)
    weights = np.exp(-0.5 * ((levels - 0.45) / STORED_SIGMA_V) ** 2)
    stored = rng.choice(levels, p=weights / weights.sum(), size=(40_000, int(EFFECTIVE_INPUTS)))
    model = cell(*coefficients)
    wrong = model.cell.current(stored).sum(1)
    right = (19.3 * (stored - 0.45)).sum(1)
    gain = (wrong - wrong.mean()) @ right / (right @ right)
    error = np.sqrt(np.mean((wrong - gain * right) ** 2)) / (gain * right.std())
    found = suitability(model)
    parts = np.hypot(np.hypot(found.rest + found.asymmetry, found.even), found.odd)
    assert parts == pytest.approx(error, rel=0.03)


def test_the_exponential_is_flagged_before_it_runs():
    found = suitability(with_current(LINEAR, "exp(3 y)", current("exponential", "exp(3 y)")))
    assert not found.fits("paper")


def test_a_cell_whose_current_falls_is_refused():
    with pytest.raises(InputError, match="does not rise"):
        suitability(cell(0.0, -19.3))


@pytest.mark.parametrize(("family", "name"), [(family, name) for family in FAMILIES for name in FAMILIES[family]])
def test_the_polynomial_is_the_function(family, name):
    y = np.linspace(-0.45, 0.45, 77)
    f = FAMILIES[family][name]
    swing = f(np.array([0.45]))[0] - f(np.array([-0.45]))[0]
    rest = 0.0 if family == "shifted" else f(np.zeros(1))[0]
    wanted = 19.3 / swing * (f(y) - rest)
    np.testing.assert_allclose(current(family, name)(0.45 + y), wanted, atol=2e-4 * 19.3)

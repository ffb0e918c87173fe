import numpy as np
import pytest
from synthetic_cell import FIXED_C, UNIT_A, current, pulse, write

from gaincell_char.behavior.schema import Condition
from gaincell_char.errors import InputError
from gaincell_char.fit.grids import Grid
from gaincell_char.fit.points import pulse_points
from gaincell_char.fit.pulse import fit_pulse, lines
from gaincell_char.fit.write import fit_write

V = np.linspace(0, 0.9, 61)


def test_everything_known_of_the_pulse_is_found() -> None:
    found = fit_pulse(pulse())
    np.testing.assert_allclose(found.read_current(V), current(V), atol=1e-9 * UNIT_A)
    np.testing.assert_allclose(found.fixed_charge(V), FIXED_C * V, atol=1e-6 * FIXED_C)
    assert found.linearity_error_C < 1e-6 * FIXED_C
    widths = np.linspace(1e-9, 15e-9, 9)
    charge = current(V)[:, None] * widths + FIXED_C * V[:, None]
    np.testing.assert_allclose(found.surface(V[:, None], widths), charge, atol=0.002 * 1.03e-6 * 15e-9)
    np.testing.assert_allclose(found.kick_V(V), 0.02 * (V - 0.45), atol=1e-12)
    np.testing.assert_allclose(found.disturb_V(V), -1e-4 * V, atol=1e-14)


def test_a_curve_in_the_pulse_width_shows_as_linearity_error() -> None:
    bent = pulse()
    bent.frame["charge_C"] += 1e-17 * (bent.frame["pulse_s"] / 15e-9 - 0.5) ** 2
    assert 1e-19 < fit_pulse(bent).linearity_error_C < 2.5e-18


def test_lines_see_every_second_width_only() -> None:
    widths = np.arange(1, 9) * 1e-9
    charge = 2e-6 * widths[None, :] + 3e-16 + np.where(np.arange(8) % 2 == 1, 1e-15, 0)
    charge[:, -1] -= 1e-15  # the last width is fitted, whatever its index
    slope, intercept = lines(Grid(np.array([0.4]), widths, charge))
    np.testing.assert_allclose(slope, 2e-6)
    np.testing.assert_allclose(intercept, 3e-16)


def test_points_of_a_figure_are_the_rows_of_the_dataset() -> None:
    data = pulse()
    points = pulse_points(data, Condition())
    assert len(points.z) == len(data.frame)
    np.testing.assert_allclose(points.z, current(points.x) * points.y + FIXED_C * points.x)
    assert not (points.fitted & points.judged).any()


def test_another_condition_is_refused_with_those_swept() -> None:
    with pytest.raises(InputError, match=r"nothing at ff, 27 C, 0\.9 V; swept: tt 27 C 0\.9 V"):
        fit_pulse(pulse(), Condition(corner="ff"))


def test_write_errors_are_levels_by_widths_by_previous_levels() -> None:
    found = fit_write(write())
    levels, widths = np.linspace(0, 0.9, 8), np.array([1e-9, 5e-9])
    expected = (np.array([0.0, 0.9]) - levels[:, None, None]) * np.exp(-widths / 1e-9)[:, None]
    np.testing.assert_allclose(found.error_V, expected)
    assert found.design_pulse_s == 5e-9
    assert found.worst_error_V == pytest.approx(0.9 * np.exp(-5))
    assert fit_write(write(), design_pulse_s=1e-9).worst_error_V == pytest.approx(0.9 * np.exp(-1))


def test_a_write_pulse_that_was_not_swept_is_refused() -> None:
    with pytest.raises(InputError, match="no write pulse of 2e-09 s; swept: 1e-09, 5e-09"):
        fit_write(write(), design_pulse_s=2e-9)

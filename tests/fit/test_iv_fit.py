"""Surfaces of a cell whose current is known."""

import numpy as np
import pandas as pd
import pytest
from synthetic_cell import UNIT_A, ZERO_V, current, dataset, grid, iv

from gaincell_char.behavior.schema import Condition
from gaincell_char.errors import InputError
from gaincell_char.fit.iv import fit_iv
from gaincell_char.fit.points import iv_points
from gaincell_char.sweep.dataset import Dataset


def test_everything_known_of_the_cell_is_found() -> None:
    surface = fit_iv(iv())["tt"]
    assert surface.zero_crossing_V == pytest.approx(ZERO_V, abs=2e-5)
    # continuous least squares of a cubic over +-0.45 V: A_1 + 3/5 0.45^2 A_3
    assert surface.slope_A_per_V == pytest.approx(UNIT_A * (13.612260634 + 0.6 * 0.45**2 * 46.05483778), rel=1e-4)
    assert surface.polynomial.degree == 3
    assert surface.polynomial == surface.published_degree
    np.testing.assert_allclose(
        surface.polynomial.coefficients, UNIT_A * np.array([0.52136361391, 13.612260634, -2.620445619, 46.05483778])
    )
    assert surface.polynomial.domain == pytest.approx((0.0, 0.9), abs=1e-12)  # stored voltages only
    assert surface.surface.x_knots[0] == pytest.approx(-0.05)
    assert surface.surface_error is not None
    assert surface.surface_error.rms_relative <= 0.002
    v, b = np.meshgrid(np.linspace(-0.05, 0.95, 33), np.linspace(0.25, 0.65, 29))
    np.testing.assert_allclose(surface.surface(v, b), current(v, b), atol=0.002 * 10.33 * UNIT_A)


def test_every_corner_has_its_own_surface() -> None:
    both = iv(corners=("ff", "tt"))
    both.frame.loc[both.frame["corner"] == "ff", "current_A"] *= 1.5
    found = fit_iv(both)
    assert list(found) == ["tt", "ff"]
    assert found["ff"].slope_A_per_V == pytest.approx(1.5 * found["tt"].slope_A_per_V, rel=1e-6)
    assert found["ff"].zero_crossing_V == pytest.approx(found["tt"].zero_crossing_V, abs=1e-9)
    assert found["ff"].condition == Condition(corner="ff")


def test_the_nearest_temperature_is_fitted() -> None:
    cold, hot = iv(), iv(scale=2.0)
    hot.frame["temperature_C"] = 85.0
    both = Dataset(pd.concat([cold.frame, hot.frame]), cold.metadata)
    assert fit_iv(both)["tt"].condition.temperature_C == 27.0
    assert fit_iv(both, 100.0)["tt"].slope_A_per_V == pytest.approx(2 * fit_iv(both)["tt"].slope_A_per_V)


def test_the_bit_line_may_be_held_between_swept_lines() -> None:
    between = iv()
    between.metadata["parameters"]["gain_cell.bl_V"] = 0.4321
    surface = fit_iv(between)["tt"]
    v = np.linspace(0, 0.9, 50)
    np.testing.assert_allclose(surface.polynomial(v), current(v, 0.4321), atol=1e-5 * UNIT_A)


def test_held_out_points_do_not_enter_the_surface() -> None:
    clean, spoiled = iv(), iv()
    points = iv_points(spoiled, Condition())
    assert points.judged.sum() == 40 * 8
    assert points.fitted.sum() == 41 * 9
    frame = spoiled.frame.sort_values(["v_store_V", "v_bl_V"]).reset_index(drop=True)
    np.testing.assert_array_equal(frame["current_A"], points.z)
    # away from the hold line, whose polynomial and full scale see other points
    away = points.judged & (np.abs(points.y - 0.45) > 0.03)
    frame.loc[away, "current_A"] += 1e-7
    before, after = fit_iv(clean)["tt"], fit_iv(Dataset(frame, spoiled.metadata))["tt"]
    np.testing.assert_allclose(after.surface(0.2, 0.3), before.surface(0.2, 0.3), atol=1e-3 * UNIT_A)
    assert after.surface_error is not None
    assert after.surface_error.maximum == pytest.approx(1e-7, rel=0.02)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda f: f.drop(index=100), "1 of 1377 points"),
        (lambda f: f.assign(current_A=f["current_A"].where(f.index != 5)), r"no usable current_A at v_store_V -0\.05"),
        (lambda f: f.assign(status="killed"), "nothing to fit"),
        (
            lambda f: f.assign(status=["timeout"] + ["ok"] * (len(f) - 1), reason="120 s"),
            "1 of 1377 points; first failure: timeout, 120 s",
        ),
        (lambda f: f.drop(columns="v_bl_V"), "no column v_bl_V"),
        (lambda f: f.assign(v_store_V=0.2), "more than one row has v_store_V 0.2"),
        (lambda f: f.assign(corner="typ"), "unknown corner 'typ'"),
        (lambda f: f.assign(v_bl_V=f["v_bl_V"] + 0.3), "widen the axis"),
    ],
)
def test_bad_data_are_named(spoil, expected: str) -> None:
    good = iv()
    with pytest.raises(InputError, match=expected):
        fit_iv(Dataset(spoil(good.frame), good.metadata))


def test_a_coarse_sweep_is_refused() -> None:
    frame = grid(np.linspace(0, 0.9, 8), np.linspace(0.25, 0.65, 17), ("v_store_V", "v_bl_V"), current_A=current)
    with pytest.raises(InputError, match="v_store_V has 8 values, a fit with held-out points needs 9"):
        fit_iv(dataset("iv", frame))

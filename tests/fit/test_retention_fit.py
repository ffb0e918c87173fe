"""Retention of a store whose decay is known: one exponential, and one that is not."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_cell import COEFFICIENTS, TAU_S, UNIT_A, retention

from gaincell_char.behavior.functions import Polynomial
from gaincell_char.behavior.schema import Condition, RetentionTable
from gaincell_char.errors import InputError
from gaincell_char.fit.decay import loss_times, single_tau, toward
from gaincell_char.fit.grids import Grid
from gaincell_char.fit.retention import fit_retention
from gaincell_char.fit.retention_law import fit_law, law_current
from gaincell_char.sweep.dataset import Dataset

CURRENT = Polynomial(
    center=0.45, coefficients=(UNIT_A * COEFFICIENTS).tolist(), domain=(0.0, 0.9), x_unit="V", y_unit="A"
)
LINEAR = Polynomial(center=0.45, coefficients=[0.0, 19.3 * UNIT_A], domain=(0.0, 0.9), x_unit="V", y_unit="A")
LEVELS = np.linspace(0, 0.9, 29)
AGES = np.concatenate([[0.0], np.logspace(-6, -1, 41)])


def exponential(levels: np.ndarray, ages: np.ndarray) -> np.ndarray:
    return toward(levels, ages, TAU_S, 0.45)


def test_one_exponential_is_found_as_one() -> None:
    law, (table,) = fit_retention(retention(), CURRENT)
    assert table.single_tau_s == pytest.approx(TAU_S, rel=1e-5)
    assert table.single_tau_misfit_V < 1e-7
    # every level of an exponential loses 10 % at 0.10536 tau, read between ages a factor of 1.33 apart
    assert table.tau_worst_s == pytest.approx(TAU_S * -np.log(0.9) / 0.105, rel=2e-3)
    assert not table.tau_worst_is_lower_bound
    np.testing.assert_allclose(table.level_tau_s, table.tau_worst_s, rtol=1e-6)
    np.testing.assert_allclose(table.levels_V, np.linspace(0, 0.9, 8), atol=1e-9)
    assert np.shape(table.voltages_V) == (8, len(AGES))
    assert law.single_tau_error is not None
    assert law.single_tau_error.maximum_relative < 1e-5


def test_the_law_follows_transients_it_has_not_seen() -> None:
    law, _ = fit_retention(retention(), CURRENT)
    assert law.error is not None
    assert law.error.maximum_relative <= 0.01
    levels, ages = np.linspace(0.01, 0.89, 37), np.geomspace(3e-7, 0.1, 57)
    truth = CURRENT(exponential(levels, ages))
    scale = float(np.abs(CURRENT(LEVELS)).max())
    assert np.abs(law_current(law)(levels[:, None], ages) - truth).max() <= 0.01 * scale


def test_at_age_0_the_law_is_the_cell() -> None:
    law, _ = fit_retention(retention(), CURRENT)
    v = np.linspace(0, 0.9, 301)
    np.testing.assert_allclose(law_current(law)(v, np.zeros_like(v)), CURRENT(v), atol=1e-12 * UNIT_A)


def test_a_separable_law_has_rank_1() -> None:
    decay = Grid(LEVELS, AGES, exponential(LEVELS, AGES))
    law = fit_law(decay, LINEAR, Condition(), 0.45, 0.8e-6)
    assert len(law.level_factors) == 1
    assert law.age_factors[0](0.0) == pytest.approx(1.0)


def test_a_smaller_error_is_bought_with_rank() -> None:
    decay = Grid(LEVELS, AGES, exponential(LEVELS, AGES))
    loose, tight = (fit_law(decay, CURRENT, Condition(), 0.45, 0.8e-6, goal) for goal in (0.05, 0.002))
    assert len(loose.level_factors) < len(tight.level_factors) <= 4  # a cubic decays in four terms
    assert tight.error is not None
    assert tight.error.maximum_relative <= 0.002


@given(st.floats(1e-4, 1e-1))
@settings(max_examples=15, deadline=None)
def test_single_tau_is_recovered_over_decades(tau_s: float) -> None:
    found, misfit = single_tau(toward(LEVELS, AGES, tau_s, 0.45), AGES, 0.45)
    assert found == pytest.approx(tau_s, rel=1e-4)
    assert misfit < 1e-5


def test_levels_that_leak_at_constant_current_lose_in_proportion_to_time() -> None:
    ages = np.concatenate([[0.0], np.logspace(-6, 0, 13)])
    voltage = np.array([0.9, 0.0])[:, None] + np.array([-0.3, 0.03])[:, None] * ages
    times, bounds = loss_times(voltage, ages, np.array([0.045, 0.045]))
    np.testing.assert_allclose(times, [0.15, 1.0], rtol=1e-9)
    assert bounds.tolist() == [False, True]


def test_a_level_that_outlasts_the_sweep_is_a_lower_bound() -> None:
    short = retention(ages_s=np.concatenate([[0.0], np.logspace(-6, -4, 20)]))
    _, (table,) = fit_retention(short, CURRENT)
    assert table.tau_worst_is_lower_bound
    assert table.tau_worst_s == pytest.approx(1e-4 / 0.105)
    assert all(table.level_tau_is_lower_bound)


def test_unequal_levels_misfit_a_single_tau() -> None:
    taus = 1e-3 * 10 ** (2 * (1 - np.abs(LEVELS - 0.45) / 0.45))  # the outer levels go first
    voltage = 0.45 + (LEVELS - 0.45)[:, None] * np.exp(-AGES / taus[:, None])
    _, misfit = single_tau(voltage, AGES, 0.45)
    assert misfit > 0.05
    law = fit_law(Grid(LEVELS, AGES, voltage), CURRENT, Condition(), 0.45, 0.8e-6)
    assert law.error is not None
    assert law.single_tau_error is not None
    assert law.error.maximum_relative < 0.01 < 0.04 < law.single_tau_error.maximum_relative


def test_every_hold_has_a_table_and_the_design_hold_the_law() -> None:
    slow, fast = retention(TAU_S), retention(TAU_S / 50)
    fast.frame["wwl_V"], fast.frame["wwlb_V"] = 0.0, 0.9
    both = Dataset(pd.concat([slow.frame, fast.frame]), slow.metadata)
    law, tables = fit_retention(both, CURRENT)
    assert [(table.wwl_V, table.wwlb_V) for table in tables] == [(-0.5, 1.4), (0.0, 0.9)]
    assert tables[1].tau_worst_s == pytest.approx(tables[0].tau_worst_s / 50, rel=2e-3)
    assert law.single_tau_s == pytest.approx(TAU_S, rel=1e-5)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda f: f[f["age_s"] > 0], "expected 0; add 0 to the axis"),
        (lambda f: f.assign(wwl_V=-0.3), r"nothing at the design's hold \(WWL -0\.5"),
        (lambda f: f[f["v_level_V"].round(6).isin(np.linspace(0, 0.9, 8).round(6))], "v_level_V has 8 values"),
        (lambda f: f.drop(columns="wbl_V"), "no column wbl_V"),
    ],
)
def test_bad_data_are_named(spoil, expected: str) -> None:
    good = retention()
    with pytest.raises(InputError, match=expected):
        fit_retention(Dataset(spoil(good.frame), good.metadata), CURRENT)


def test_a_table_of_another_shape_is_no_table() -> None:
    _, (table,) = fit_retention(retention(), CURRENT)
    fields = table.model_dump()
    with pytest.raises(ValueError, match=r"voltages_V has shape \(7, 42\), expected levels x ages = \(8, 42\)"):
        RetentionTable(**{**fields, "voltages_V": fields["voltages_V"][:-1]})
    with pytest.raises(ValueError, match="one value for each of 8 levels"):
        RetentionTable(**{**fields, "level_tau_s": [1.0]})


def test_a_retention_figure_needs_its_capacitance() -> None:
    nameless = retention()
    del nameless.metadata["parameters"]["gain_cell.storage_F"]
    with pytest.raises(InputError, match=r"no parameter gain_cell\.storage_F"):
        fit_retention(nameless, CURRENT)


def test_a_level_at_the_voltage_it_tends_to_never_counts_as_lost() -> None:
    times, bounds = loss_times(np.full((1, 3), 0.45), np.array([0.0, 1e-6, 1e-3]), np.array([0.0]))
    assert times[0] == 1e-3
    assert bounds[0]

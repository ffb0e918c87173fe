"""The bundled model of the nominal cell: not older than what it was made of, and ngspice says the same again."""

import numpy as np
import pytest

from gaincell_char.behavior import load_model, validate
from gaincell_char.behavior.schema import LowRankRetention
from gaincell_char.fit.bundled import NAME, REMAKE, bundled_model, bundled_specs
from gaincell_char.fit.retention_law import law_current
from gaincell_char.keys import file_digest
from gaincell_char.paths import data_folder
from gaincell_char.sweep.overrides import Overrides
from gaincell_char.sweep.run import run_sweep

MODEL = load_model(NAME)


def law() -> LowRankRetention:
    assert isinstance(MODEL.cell.retention, LowRankRetention)
    return MODEL.cell.retention


def test_it_is_not_older_than_its_netlists_and_sweeps() -> None:
    netlists = {path.name: path for path in data_folder("netlists").rglob("*.lib")}
    for name, made_from in MODEL.provenance.netlists.items():
        assert file_digest(netlists[name]) == made_from, f"{name} changed since models/{NAME}.json; remake: {REMAKE}"
    for sweep, spec in bundled_specs().items():
        assert spec.digest == MODEL.provenance.specs[sweep], f"{spec.name} changed since the model; remake: {REMAKE}"


def test_it_is_the_nominal_cell_and_consistent() -> None:
    assert validate(MODEL) == []
    assert set(MODEL.cell.iv) == {"tt", "ff", "ss", "sf", "fs"}
    assert MODEL.charge_to_pulse.full_scale_C == pytest.approx(80 * MODEL.cell.unit_current_A * 15e-9)


def test_every_surface_is_within_its_goals_on_points_it_has_not_seen() -> None:
    for surface in MODEL.cell.iv.values():
        assert surface.surface_error is not None
        assert surface.polynomial_error is not None
        assert surface.surface_error.rms_relative <= 0.002
        assert surface.polynomial_error.maximum_relative <= 0.005
        assert surface.surface_error.n_held_out == 40 * 8
    pulse = MODEL.cell.pulse_charge
    assert pulse is not None
    assert pulse.read_current_error is not None
    assert pulse.read_current_error.maximum_relative <= 0.005


def test_corners_are_where_their_names_say() -> None:
    iv = MODEL.cell.iv
    assert iv["ff"].slope_A_per_V > iv["tt"].slope_A_per_V > iv["ss"].slope_A_per_V
    # a fast N device sinks more, so that less stored voltage balances it
    assert iv["fs"].zero_crossing_V < iv["tt"].zero_crossing_V < iv["sf"].zero_crossing_V
    assert 0.40 <= iv["tt"].zero_crossing_V <= 0.47


def test_the_law_is_within_its_goal_and_the_single_tau_says_its_misfit() -> None:
    error, single = law().error, law().single_tau_error
    assert error is not None
    assert single is not None
    assert error.maximum_relative <= 0.01
    assert single.maximum_relative > error.maximum_relative
    holds = {(table.wwl_V, table.condition.temperature_C) for table in MODEL.cell.retention_tables}
    assert len(holds) == 6
    for table in MODEL.cell.retention_tables:
        assert len(table.levels_V) == len(table.level_tau_s) == 8


def test_the_kick_explains_what_a_pulse_draws_beyond_the_direct_current() -> None:
    """Two testbenches, one truth: a transient's read current is the direct current at the kicked stored voltage."""
    pulse, direct = MODEL.cell.pulse_charge, MODEL.cell.iv["tt"].surface
    assert pulse is not None
    v = np.linspace(0, 0.9, 91)
    read = pulse.read_current(v)
    full_scale = np.abs(read).max()
    assert np.abs(read - direct(v, 0.45)).max() > 0.02 * full_scale
    assert np.abs(read - direct(v + pulse.kick_V(v), 0.45)).max() <= 0.006 * full_scale  # 0.5 % of it the polynomial's


@pytest.mark.ngspice
def test_a_fresh_sweep_gives_the_same_current(tmp_path) -> None:
    spec = bundled_specs()["iv"]
    line = run_sweep(
        spec,
        store=tmp_path / "iv.sqlite",
        workers=1,
        overrides=Overrides(axes={"v_store_V": [0.0, 0.1, 0.2, 0.3, 0.4, 0.5], "v_bl_V": [0.42, 0.45, 0.48]}),
    ).good
    full_scale = np.abs(MODEL.cell.iv["tt"].polynomial([0.0, 0.9])).max()
    for corner, rows in line.groupby("corner"):
        fitted = MODEL.cell.iv[corner].surface(rows["v_store_V"], rows["v_bl_V"])
        assert np.abs(fitted - rows["current_A"]).max() <= 0.005 * full_scale


@pytest.mark.ngspice
def test_the_law_follows_transients_at_levels_and_ages_of_another_sweep(tmp_path) -> None:
    levels, ages = [0.013, 0.222, 0.451, 0.707, 0.883], [0.0, 3.1e-6, 4.7e-4, 8.2e-4, 2.3e-2, 0.11, 0.37, 2.9]
    found = run_sweep(
        bundled_specs()["retention"],
        store=tmp_path / "retention.sqlite",
        workers=1,
        overrides=Overrides(axes={"v_level_V": levels, "age_s": ages}, temperatures_C=(27.0,)),
    ).good
    held = found[np.isclose(found["wwl_V"], -0.5)]
    current = MODEL.cell.current
    expected = current(held["v_store_V"].to_numpy())
    predicted = law_current(law())(held["v_level_V"].to_numpy(), held["age_s"].to_numpy())
    assert len(held) == len(levels) * len(ages)
    assert np.abs(predicted - expected).max() <= 0.04 * np.abs(current([0.0, 0.9])).max()


@pytest.mark.ngspice
@pytest.mark.full
def test_the_whole_model_is_found_again(tmp_path) -> None:
    again = bundled_model(
        {sweep: run_sweep(spec, store=tmp_path / f"{sweep}.sqlite") for sweep, spec in bundled_specs().items()}
    )
    assert again.cell.unit_current_A == pytest.approx(MODEL.cell.unit_current_A, rel=1e-3)
    assert again.cell.zero_crossing_V == pytest.approx(MODEL.cell.zero_crossing_V, abs=1e-3)
    v = np.linspace(0, 0.9, 91)
    full_scale = np.abs(MODEL.cell.current(v)).max()
    assert np.abs(again.cell.current(v) - MODEL.cell.current(v)).max() <= 1e-3 * full_scale
    for corner, surface in MODEL.cell.iv.items():
        assert again.cell.iv[corner].zero_crossing_V == pytest.approx(surface.zero_crossing_V, abs=1e-3)
    for before, after in zip(MODEL.cell.retention_tables, again.cell.retention_tables, strict=True):
        assert after.tau_worst_s == pytest.approx(before.tau_worst_s, rel=0.01)

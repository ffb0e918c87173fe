"""From datasets to a model: what the nominal cell freezes, what a changed cell shows, what retrim takes away."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_cell import COEFFICIENTS, UNIT_A, everything, iv, pulse

from gaincell_char.behavior import load_model, save_model, validate
from gaincell_char.behavior.law import current_law
from gaincell_char.behavior.quantities import least_squares_slope
from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.errors import GaincellError, InputError
from gaincell_char.fit.assemble import assemble
from gaincell_char.fit.summary import summary
from gaincell_char.keys import digest

NOMINAL = assemble("nominal", everything())


def in_units(model: BehavioralModel) -> np.ndarray:
    return np.asarray(model.cell.current.coefficients) / model.cell.unit_current_A


def test_the_nominal_cell_fixes_unit_current_and_full_scales() -> None:
    unit = NOMINAL.cell.unit_current_A
    assert unit == pytest.approx(UNIT_A * (13.612260634 + 0.6 * 0.45**2 * 46.05483778) / 19.3, rel=1e-9)
    assert least_squares_slope(NOMINAL.cell.current, 0, 0.9) / unit == pytest.approx(19.3)
    assert NOMINAL.charge_to_pulse.full_scale_C == pytest.approx(80 * unit * 15e-9)
    assert NOMINAL.signed_charge_to_pulse.full_scale_C == pytest.approx(40 * unit * 15e-9)
    assert validate(NOMINAL) == []


@given(st.floats(0.3, 3))
@settings(max_examples=6, deadline=None)
def test_a_scaled_cell_shows_as_gain_and_retrim_takes_exactly_that_away(factor: float) -> None:
    cell = {"iv": iv(factor), "pulse": pulse(factor)}
    frozen, retrimmed = assemble("changed", cell, NOMINAL), assemble("changed", cell, NOMINAL, retrim=True)
    assert frozen.cell.unit_current_A == NOMINAL.cell.unit_current_A
    assert frozen.charge_to_pulse == NOMINAL.charge_to_pulse
    assert frozen.signed_charge_to_pulse == NOMINAL.signed_charge_to_pulse
    np.testing.assert_allclose(in_units(frozen), factor * in_units(NOMINAL), rtol=1e-6)
    assert frozen.cell.zero_crossing_V == pytest.approx(NOMINAL.cell.zero_crossing_V, abs=1e-8)
    np.testing.assert_allclose(in_units(retrimmed), in_units(NOMINAL), rtol=1e-6)
    assert retrimmed.charge_to_pulse.full_scale_C == pytest.approx(factor * 80 * NOMINAL.cell.unit_current_A * 15e-9)
    assert validate(frozen) == validate(retrimmed) == []


def test_retrim_does_not_hide_a_change_of_shape() -> None:
    bent = {"iv": iv(), "pulse": pulse()}
    for dataset, width in ((bent["iv"], 1.0), (bent["pulse"], bent["pulse"].frame["pulse_s"])):
        column = "current_A" if "current_A" in dataset.frame else "charge_C"
        dataset.frame[column] += UNIT_A * 2.0 * width  # an offset: the zero crossing moves, the slope does not
    retrimmed = assemble("bent", bent, NOMINAL, retrim=True)
    assert retrimmed.cell.unit_current_A == pytest.approx(NOMINAL.cell.unit_current_A, rel=1e-9)
    assert in_units(retrimmed)[0] == pytest.approx(in_units(NOMINAL)[0] + 2.0 * UNIT_A / NOMINAL.cell.unit_current_A)
    assert retrimmed.cell.zero_crossing_V < NOMINAL.cell.zero_crossing_V - 0.05


def test_attention_reads_the_pulse_current_not_the_direct_one() -> None:
    kicked = {"iv": iv(), "pulse": pulse(1.05)}
    model = assemble("kicked", kicked)
    np.testing.assert_allclose(model.cell.current.coefficients, 1.05 * UNIT_A * COEFFICIENTS, rtol=1e-6)
    np.testing.assert_allclose(model.cell.iv["tt"].polynomial.coefficients, UNIT_A * COEFFICIENTS, rtol=1e-6)


def test_the_decaying_cell_is_the_cell_at_age_0() -> None:
    levels = np.linspace(0, 0.9, 8)
    decaying, fresh = current_law(NOMINAL), current_law(NOMINAL, decay=False)
    at_0 = (decaying.level_terms(levels) * decaying.age_terms(np.zeros(1))).sum(axis=0)
    np.testing.assert_allclose(at_0, fresh.level_terms(levels)[0], atol=1e-12)


def test_a_model_survives_its_file(tmp_path: Path) -> None:
    save_model(NOMINAL, tmp_path / "cell.json")
    assert load_model(tmp_path / "cell.json") == NOMINAL


def test_provenance_names_what_the_model_was_made_of() -> None:
    data = everything()
    made = assemble("nominal", data).provenance
    assert made.ngspice == "ngspice-0 synthetic"
    assert made.netlists == {"gain_cell.lib": "0" * 64}
    assert made.specs["iv"] == "1" * 64
    assert made.datasets == {sweep: digest(each.to_bytes()) for sweep, each in data.items()}


def test_write_and_retention_are_optional() -> None:
    model = assemble("bare", {"iv": iv(), "pulse": pulse()})
    assert model.cell.write is None
    assert model.cell.retention is None
    assert summary(model)["law"] is None


def test_the_summary_is_plain_json() -> None:
    found = json.loads(json.dumps(summary(NOMINAL), allow_nan=False))
    assert found["slope_units_per_V"] == pytest.approx(19.3)
    assert found["iv"]["tt"]["polynomial_degree"] == 3
    assert found["retention"][0]["single_tau_s"] == pytest.approx(5e-3, rel=1e-4)


def test_bad_combinations_are_named() -> None:
    with pytest.raises(InputError, match="no dataset of the pulse testbench"):
        assemble("cell", {"iv": iv()})
    with pytest.raises(InputError, match="unknown sweep 'pulses'; did you mean pulse"):
        assemble("cell", {"iv": iv(), "pulses": pulse()})
    with pytest.raises(InputError, match="model name 'my cell'"):
        assemble("my cell", everything())
    other = pulse()
    other.metadata["parameters"]["gain_cell.storage_F"] = 2e-14
    with pytest.raises(InputError, match=r"pulse: gain_cell\.storage_F is 2e-14, in iv it is 1e-14"):
        assemble("cell", {"iv": iv(), "pulse": other})


def test_a_cell_of_one_sign_is_refused() -> None:
    data = {"iv": iv(), "pulse": pulse()}
    data["iv"].frame["current_A"] += 1e-5
    with pytest.raises(GaincellError, match="does not cross zero"):
        assemble("cell", data)

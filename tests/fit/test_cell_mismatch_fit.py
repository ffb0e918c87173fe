"""The cell's mismatch against samples whose spread is known, and its way into a model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gaincell_char.behavior import load_model
from gaincell_char.errors import InputError
from gaincell_char.fit.cell_mismatch import fit_cell_mismatch
from gaincell_char.fit.chain import with_chain
from gaincell_char.sweep.dataset import Dataset

VOLTAGES = np.linspace(0, 0.9, 7)
SLOPE_SIGMA, OFFSET_SIGMA_A = 0.04, 5e-9
SAMPLES = 400


def dataset(samples: int = SAMPLES, seed: int = 3) -> Dataset:
    """Cells whose slope and zero vary independently: sigma^2 = (slope sigma 2.3 uS (v - 0.45))^2 + offset sigma^2."""
    slope, offset = np.random.default_rng(11).normal(size=(2, samples, 1))
    current = 2.3e-6 * (1 + SLOPE_SIGMA * slope) * (VOLTAGES - 0.45) + OFFSET_SIGMA_A * offset
    frame = pd.DataFrame(
        {
            "sample": np.repeat(np.arange(samples), len(VOLTAGES)),
            "v_store_V": np.tile(VOLTAGES, samples),
            "current_A": current.ravel(),
        }
    )
    where = {"seed": seed, "corner": "tt", "temperature_C": 27.0, "vdd_V": 0.9, "status": "ok", "reason": ""}
    return Dataset(frame.assign(**where), {"testbench": "gain_cell.iv", "technology": "cmos28"})


def test_the_spread_is_found_within_what_so_many_samples_tell() -> None:
    found = fit_cell_mismatch(dataset())
    assert (found.samples, found.seed) == (SAMPLES, 3)
    expected = np.hypot(SLOPE_SIGMA * 2.3e-6 * (VOLTAGES - 0.45), OFFSET_SIGMA_A)
    assert found.current_sigma_A(VOLTAGES) == pytest.approx(expected, rel=3 / np.sqrt(2 * SAMPLES))


def test_between_two_voltages_it_stays_between_their_deviations() -> None:
    sigma = fit_cell_mismatch(dataset()).current_sigma_A
    ends = sigma(VOLTAGES)
    for low, high, left, right in zip(VOLTAGES, VOLTAGES[1:], ends, ends[1:], strict=False):
        inside = sigma(np.linspace(low, high, 21)[1:-1])
        assert np.all(inside >= min(left, right) * (1 - 1e-12))
        assert np.all(inside <= max(left, right) * (1 + 1e-12))


def test_missing_samples_voltages_and_mixed_seeds_are_refused() -> None:
    with pytest.raises(InputError, match="7 samples of 1 seeds; a spread needs 20"):
        fit_cell_mismatch(dataset(samples=7))
    mixed = dataset()
    mixed.frame.loc[0, "seed"] = 4
    with pytest.raises(InputError, match="400 samples of 2 seeds"):
        fit_cell_mismatch(mixed)
    failed = dataset()
    failed.frame.loc[:13, ["status", "reason"]] = ["no_convergence", "gmin stepping failed"]
    with pytest.raises(InputError, match=r"2 samples have no result \(gmin stepping failed\)"):
        fit_cell_mismatch(failed)
    one = dataset()
    few = Dataset(one.frame[one.frame["v_store_V"] < 0.4], one.metadata)
    with pytest.raises(InputError, match="v_store_V has 3 values"):
        fit_cell_mismatch(few)


def test_a_model_is_given_it_beside_what_it_has() -> None:
    model = load_model("cmos28")
    found = with_chain(model, {"gain_cell_mismatch": dataset()})
    assert found.cell.mismatch == fit_cell_mismatch(dataset())
    assert found.charge_to_pulse == model.charge_to_pulse
    assert found.provenance.datasets["gain_cell_mismatch"]
    with pytest.raises(InputError, match="sweep 'gain_cell_mismatc'"):
        with_chain(model, {"gain_cell_mismatc": dataset()})
    other = Dataset(dataset().frame, {"testbench": "gain_cell.iv", "technology": "cmos65"})
    with pytest.raises(InputError, match="swept in 'cmos65', the model is of 'cmos28'"):
        with_chain(model, {"gain_cell_mismatch": other})

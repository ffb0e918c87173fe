"""The mismatch fit against samples whose offsets and gains are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gaincell_char.errors import InputError
from gaincell_char.fit.converter_mismatch import fit_mismatch, lines
from gaincell_char.sweep.dataset import Dataset

FULL_C, T_MAX_S, WINDOW_S = 74e-15, 15e-9, 9e-9
CHARGES = (-60e-15, -28e-15, -3e-15, 3e-15, 28e-15, 60e-15)
RANDOM = np.random.default_rng(7)
OFFSETS = {sign: RANDOM.normal(-0.05e-9, spread, 100) for sign, spread in ((1, 0.05e-9), (-1, 0.08e-9))}
GAINS = {sign: RANDOM.normal(1.0, spread, 100) for sign, spread in ((1, 7e-3), (-1, 5e-3))}


def dataset(samples: int = 100, seed: int = 3, charges: tuple[float, ...] = CHARGES) -> Dataset:
    rows = []
    for sample in range(samples):
        for charge in charges:
            sign = 1 if charge > 0 else -1
            line = GAINS[sign][sample] * T_MAX_S * abs(charge) / FULL_C + OFFSETS[sign][sample]
            pulse = sign * min(line, WINDOW_S)  # the outermost charges are clamped
            rows.append({"sample": sample, "seed": seed, "charge_C": charge, "pulse_s": pulse, "window_s": WINDOW_S})
    where = {"corner": "tt", "temperature_C": 27.0, "vdd_V": 0.9, "status": "ok", "reason": ""}
    return Dataset(pd.DataFrame(rows).assign(**where), {"testbench": "signed_charge_to_pulse.transfer"})


def test_the_spread_of_offset_and_gain_of_both_signs_is_found() -> None:
    found = fit_mismatch(dataset(), FULL_C, T_MAX_S)
    assert (found.samples, found.seed) == (100, 3)
    assert found.offset_s == pytest.approx(OFFSETS[1].std(ddof=1), rel=1e-6)
    assert found.gain == pytest.approx(GAINS[1].std(ddof=1), rel=1e-6)
    assert found.offset_negative_s == pytest.approx(OFFSETS[-1].std(ddof=1), rel=1e-6)
    assert found.gain_negative == pytest.approx(GAINS[-1].std(ddof=1), rel=1e-6)


def test_every_sample_has_its_own_line_and_a_clamped_pulse_is_not_on_it() -> None:
    found = lines(dataset().frame, -1.0, FULL_C, T_MAX_S)
    np.testing.assert_allclose(found, np.stack([OFFSETS[-1], GAINS[-1]], axis=1), rtol=1e-9)


def test_a_converter_of_one_sign_has_no_negative_figures() -> None:
    found = fit_mismatch(dataset(charges=(3e-15, 28e-15)), FULL_C, T_MAX_S)
    assert found.offset_negative_s is None
    assert found.gain_negative is None


def test_too_few_samples_failed_samples_and_points_are_refused() -> None:
    with pytest.raises(InputError, match="7 samples of 1 seeds; a spread needs 20"):
        fit_mismatch(dataset(samples=7), FULL_C, T_MAX_S)
    broken = dataset()
    broken.frame.loc[:5, ["status", "reason"]] = ["measure_failed", "no window"]
    with pytest.raises(InputError, match=r"1 samples have no result \(no window\)"):
        fit_mismatch(broken, FULL_C, T_MAX_S)
    with pytest.raises(InputError, match="sample 0: 1 pulses of positive charges are neither zero nor clamped"):
        fit_mismatch(dataset(charges=(3e-15, 60e-15)), FULL_C, T_MAX_S)

"""Converter fits against transfers whose offset, gain, bend, dead zone and clamp are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaincell_char.behavior.schema import Condition
from gaincell_char.errors import InputError
from gaincell_char.fit.converter import LSBS, fit_transfer, fit_transfers
from gaincell_char.fit.converter_timing import fit_burst, fit_noise, fit_settling
from gaincell_char.spice.types import FailureKind, SimulationFailure
from gaincell_char.sweep.dataset import Dataset

FULL_C, T_MAX_S = 148e-15, 15e-9
LSB_S, LSB_C = T_MAX_S / LSBS, FULL_C / LSBS
CHARGES = np.concatenate([[-30e-15, -10e-15, 0.0], np.linspace(1e-15, 160e-15, 28)])

RANDOM = ((np.random.default_rng(1), 9e-12), (np.random.default_rng(2), 30e-12))


def dataset(charge: np.ndarray, pulse: np.ndarray, **conditions: object) -> Dataset:
    frame = pd.DataFrame({"charge_C": charge, "pulse_s": pulse, "energy_J": 4e-13 + 1e-12 * np.abs(charge) / FULL_C})
    where = {"corner": "tt", "temperature_C": 27.0, "vdd_V": 0.9, "status": "ok", "reason": "", **conditions}
    return Dataset(frame.assign(**where), {"testbench": "charge_to_pulse.transfer"})


def width(offset_s: float, gain: float, bend_s: float = 0.0, clamp_s: float = T_MAX_S) -> Callable[..., np.ndarray]:
    """Widths over charge >= 0: a line with a half sine of `bend_s` on it, not below 0, clamped."""

    def of(charge: np.ndarray) -> np.ndarray:
        line = gain * T_MAX_S * charge / FULL_C + offset_s + bend_s * np.sin(np.pi * charge / FULL_C)
        return np.clip(np.where(charge > 0, line, 0.0), 0.0, clamp_s)

    return of


def test_what_made_the_pulses_is_found() -> None:
    made = width(-0.2e-9, 1.02, clamp_s=15.03e-9)
    found = fit_transfer(dataset(CHARGES, made(CHARGES)), FULL_C, T_MAX_S)
    assert found.positive.offset_s == pytest.approx(-0.2e-9, rel=1e-9)
    assert found.positive.gain_error == pytest.approx(0.02, rel=1e-9)
    assert found.positive.clamp_s == 15.03e-9
    assert found.positive.inl_s < 1e-18
    assert found.positive.dnl_s < 1e-18
    assert found.dead_zone_C == pytest.approx(0.2e-9 / 1.02 / T_MAX_S * FULL_C, rel=1e-9)
    assert found.negative is None
    assert found.pulse_error.maximum < 1e-18
    assert found.energy_error.maximum < 1e-20
    everywhere = np.linspace(-60e-15, 200e-15, 2001)
    np.testing.assert_allclose(found.pulse_s(everywhere), made(everywhere), atol=1e-18)


def test_a_bend_is_in_the_function_and_in_inl_and_dnl() -> None:
    made = width(0.05e-9, 1.0, bend_s=0.3 * LSB_S)
    found = fit_transfer(dataset(CHARGES, made(CHARGES)), FULL_C, T_MAX_S)
    assert found.pulse_error.maximum < 0.01 * LSB_S
    on_line = CHARGES[(made(CHARGES) > 0.1 * LSB_S) & (made(CHARGES) < T_MAX_S - 0.1 * LSB_S)]
    residual = made(on_line) - np.polyval(np.polyfit(on_line * 1e15, made(on_line), 1), on_line * 1e15)
    assert found.positive.inl_s == pytest.approx(np.abs(residual).max(), rel=1e-6)
    steepest = 0.3 * LSB_S * np.pi / LSBS  # the sine's growth over one LSB where it is steepest
    assert 0.5 * steepest < found.positive.dnl_s < 1.5 * steepest


def test_a_signed_transfer_is_two_lines_with_their_own_figures() -> None:
    up, down = width(-0.1e-9, 1.01), width(-0.3e-9, 0.97, clamp_s=14.9e-9)
    charge = np.linspace(-180e-15, 180e-15, 61)
    pulse = up(charge) - down(-charge)
    found = fit_transfer(dataset(charge, pulse), FULL_C, T_MAX_S)
    assert found.positive.offset_s == pytest.approx(-0.1e-9, rel=1e-6)
    assert found.negative is not None
    assert found.negative.offset_s == pytest.approx(-0.3e-9, rel=1e-6)
    assert found.negative.gain_error == pytest.approx(-0.03, rel=1e-6)
    assert found.negative.clamp_s == 14.9e-9
    assert found.dead_zone_C == pytest.approx((0.1e-9 / 1.01 + 0.3e-9 / 0.97) / T_MAX_S * FULL_C, rel=1e-6)
    everywhere = np.linspace(-220e-15, 220e-15, 4001)
    np.testing.assert_allclose(found.pulse_s(everywhere), up(everywhere) - down(-everywhere), atol=1e-17)


def test_signed_pulses_that_overlap_at_zero_change_sign_there() -> None:
    up, down = width(0.3e-9, 1.0), width(0.1e-9, 1.0)
    charge = np.linspace(-180e-15, 180e-15, 61) + 0.5e-15
    found = fit_transfer(dataset(charge, up(charge) - down(-charge)), FULL_C, T_MAX_S)
    assert found.dead_zone_C == 0
    small = np.array([-6e-15, 6e-15])
    np.testing.assert_allclose(found.pulse_s(small), up(small) - down(-small), atol=1e-17)


@settings(max_examples=30, deadline=None)
@given(st.floats(-0.5, 0.5), st.floats(0.95, 1.2), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))
def test_held_out_pulses_are_predicted_for_any_offset_gain_and_bend(
    offset: float, gain: float, bend: float, clamp: float
) -> None:
    made = width(offset * LSB_S, gain, bend * LSB_S, T_MAX_S + clamp * LSB_S)
    charge = np.concatenate([CHARGES, [200e-15]])
    found = fit_transfer(dataset(charge, made(charge)), FULL_C, T_MAX_S)
    assert np.all(np.diff(found.pulse_s.knots) > 0)
    inside = np.linspace(max(0.0, -offset) * LSB_C * 1.5 + 2 * LSB_C, 200e-15, 500)
    np.testing.assert_allclose(found.pulse_s(inside), made(inside), atol=0.02 * LSB_S)


def test_every_condition_has_its_transfer() -> None:
    made = width(0.0, 1.0)(CHARGES)
    hot = dataset(CHARGES, made, temperature_C=85.0).frame
    both = Dataset(pd.concat([dataset(CHARGES, made).frame, hot]), {"testbench": "charge_to_pulse.transfer"})
    assert [each.condition for each in fit_transfers(both, FULL_C, T_MAX_S)] == [
        Condition(),
        Condition(temperature_C=85.0),
    ]


@pytest.mark.parametrize(
    ("charges", "message"),
    [
        (CHARGES[CHARGES < 120e-15], "the clamp is never reached, the longest pulse is 1.2"),
        (CHARGES[:7], "1 fitted pulses are neither zero nor clamped"),
    ],
)
def test_a_converter_that_does_not_convert_is_a_failed_measurement(charges: np.ndarray, message: str) -> None:
    with pytest.raises(SimulationFailure, match=message) as caught:
        fit_transfer(dataset(charges, width(0.0, 1.0)(charges)), FULL_C, T_MAX_S)
    assert caught.value.kind is FailureKind.MEASURE_FAILED


def test_settled_is_the_shortest_wait_from_which_on_nothing_moves() -> None:
    waits, shifts = np.array([0.1, 0.2, 0.5, 1.0, 2.0]) * 1e-9, np.array([50.0, 1.0, -8.0, 2.0, 0.0]) * 1e-12
    frame = pd.DataFrame({"wait_s": waits, "pulse_s": 5e-9 + shifts})
    frame = frame.assign(corner="tt", temperature_C=27.0, vdd_V=0.9, status="ok", reason="")
    found = fit_settling(Dataset(frame.iloc[::-1], {"testbench": "charge_to_pulse.settling"}), 5e-12)
    assert found.settled_s == 1e-9
    np.testing.assert_allclose(found.pulse_shift_s, shifts, atol=1e-20)


def test_a_burst_section_is_of_one_charge_and_one_way_to_stagger() -> None:
    frame = pd.DataFrame({"cells_on": [24.0, 8.0], "shift_s": [-2e-10, 0.0], "bl_V": [0.38, 0.44]})
    frame = frame.assign(corner="tt", temperature_C=27.0, vdd_V=0.9, status="ok", reason="", cell_time_s=1e-7)
    metadata = {"testbench": "charge_to_pulse.burst"}
    found = fit_burst(Dataset(frame, metadata))
    assert found.cells_on == [8, 24]
    assert found.pulse_shift_s == [0.0, -2e-10]
    sources = frame.assign(cell_time_s=-5e-8, shift_s=[1e-10, 0.0])
    both = Dataset(pd.concat([frame, sources]).assign(stagger=0.0), metadata)
    assert fit_burst(both).pulse_shift_s == [0.0, -2e-10]
    assert fit_burst(both, cell_time_s=-5e-8).pulse_shift_s == [0.0, 1e-10]
    with pytest.raises(InputError, match=r"no burst with stagger = 1 and cell_time_s = 1e-07; .* that stagger: none"):
        fit_burst(both, stagger=1.0, cell_time_s=1e-7)
    with pytest.raises(InputError, match="cell_time_s = 3e-08; cell_time_s swept with that stagger: -5e-08, 1e-07"):
        fit_burst(both, cell_time_s=3e-8)


def test_jitter_is_of_two_edges_and_each_source_has_its_share() -> None:
    amplifier, comparator = (rng.normal(0, sigma, 4000) for rng, sigma in RANDOM)
    frame = pd.DataFrame(
        {
            "source": np.repeat([0.0, 1.0, 2.0], 4000),
            "shift_s": np.concatenate([amplifier + comparator, amplifier, comparator]),
        }
    ).assign(corner="tt", temperature_C=27.0, vdd_V=0.9, status="ok", reason="")
    found = fit_noise(Dataset(frame, {"testbench": "charge_to_pulse.noise"}), ("amplifier", "comparator"))
    assert found.samples == 4000
    assert found.contributions_s["amplifier"] == pytest.approx(np.sqrt(2) * 9e-12, rel=0.05)
    assert found.contributions_s["comparator"] == pytest.approx(np.sqrt(2) * 30e-12, rel=0.05)
    assert found.jitter_s == pytest.approx(np.hypot(*found.contributions_s.values()), rel=0.05)
    with pytest.raises(InputError, match="0 copies with all noise"):
        fit_noise(Dataset(frame[frame["source"] > 0], {"testbench": "charge_to_pulse.noise"}), ("amplifier",))

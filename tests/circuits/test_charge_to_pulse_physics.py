"""The ReLU converter and its front end in the real simulator, against what hand analysis says they must do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaincell_char.circuits import converter
from gaincell_char.circuits.charge_to_pulse import tile
from gaincell_char.circuits.converter import Group
from gaincell_char.circuits.deck import assemble
from gaincell_char.circuits.gain_cell.cell import sources
from gaincell_char.circuits.testbench import Setting, testbench
from gaincell_char.fit.converter import fit_transfer
from gaincell_char.spice.types import FailureKind, SimulationFailure
from gaincell_char.sweep.run import run_sweep
from gaincell_char.sweep.spec import load_spec

pytestmark = pytest.mark.ngspice
LSB_S = tile.LSB_S
FULL_SCALE_C = 148.188e-15  # 80 unit currents of the nominal cell for 15 ns


def rows(engine, name: str, **asked):
    bench = testbench(name)
    setting = Setting(**asked)
    return bench.measure(setting, engine.run(bench.deck(setting), 300.0))


def test_charge_becomes_pulse_width_and_the_slope_is_the_replica_current(engine) -> None:
    found = rows(engine, "charge_to_pulse.transfer", axes={"read_s": (-2e-9, 0.25e-9, 5e-9, 9e-9, 12e-9)})
    negative, *line, clamped = found
    assert negative["pulse_s"] == 0
    assert clamped["pulse_s"] == pytest.approx(15e-9, abs=0.05e-9)
    assert max(abs(row["residual_s"]) for row in line) < 0.05 * LSB_S
    assert abs(line[0]["offset_s"]) < 0.3 * LSB_S
    slope = (line[-1]["pulse_s"] - line[0]["pulse_s"]) / (line[-1]["charge_C"] - line[0]["charge_C"])
    assert slope * FULL_SCALE_C == pytest.approx(15e-9, rel=0.01)
    replica = Setting()
    lines = [
        *sources(vdd=0.9, b=0.5),
        "x1 0 b vdd 0 unit_source units=8 wp=82.1e-9 lrp=0.55e-6 scale=4",
        ".op",
    ]
    deck = assemble("replica", replica, ("gates.lib", "front_end.lib"), {"gmin": 1e-15}, lines, ["i(vb)"])
    current = float(engine.run(deck).vectors["i(vb)"][0])
    assert slope == pytest.approx(1 / current, rel=0.02)  # 12 cells pull the bit line down and lose a percent


def test_columns_of_one_deck_do_not_disturb_each_other(engine) -> None:
    groups = [[Group(12, 0.9, tile.read_start(Setting()), read)] for read in (2e-9, 7e-9)]
    (alone,) = tile.readings(Setting(), engine.run(tile.deck("one", Setting(), groups[1:]), 300.0), 1)
    together = tile.readings(Setting(), engine.run(tile.deck("two", Setting(), groups), 300.0), 2)[1]
    assert together.pulse_s == pytest.approx(alone.pulse_s, abs=2e-12)
    assert together.charge_C == pytest.approx(alone.charge_C, rel=2e-4)
    assert together.energy_J == pytest.approx(alone.energy_J, rel=1e-3)


def test_a_replica_without_current_is_a_failed_measurement_not_a_number(engine) -> None:
    useless = {"charge_to_pulse.units": 1.0, "charge_to_pulse.ckick_F": 200e-15}
    with pytest.raises(SimulationFailure, match=r"opens 0 times .* the zero-charge reference must cross") as caught:
        rows(engine, "charge_to_pulse.settling", axes={"wait_s": (1e-9,)}, parameters=useless)
    assert caught.value.kind is FailureKind.MEASURE_FAILED


def test_the_reset_is_an_rc_and_needs_its_boost(engine) -> None:
    asked = {"reset_s": (4e-9, 6e-9, 8e-9), "before_V": (-0.4,)}
    boosted = [row["residual_V"] for row in rows(engine, "front_end.reset", axes=asked)]
    assert boosted[2] / boosted[1] == pytest.approx(boosted[1] / boosted[0], rel=0.1)  # one time constant
    assert abs(boosted[2]) < 1e-3
    at_supply = rows(engine, "front_end.reset", axes=asked, parameters={"front_end.reset_V": 0.9})
    assert abs(at_supply[2]["residual_V"]) > 50e-3


def test_the_amplifier_s_current_grows_with_its_width_and_is_zero_at_the_trip_point(engine) -> None:
    axes = {"bl_V": (0.40, 0.41, 0.42), "out_V": (0.45,)}
    narrow, wide = (
        rows(engine, "front_end.drive", axes=axes, parameters={"front_end.wamp": wamp}) for wamp in (1e-6, 2e-6)
    )
    for one, two in zip(narrow, wide, strict=True):
        assert two["current_A"] == pytest.approx(2 * one["current_A"], rel=1e-3)
    trip = narrow[0]["trip_V"]
    axes = {"bl_V": (trip,), "out_V": (trip,)}
    (balanced,) = rows(engine, "front_end.drive", axes=axes, parameters={"front_end.wamp": 1e-6})
    assert abs(balanced["current_A"]) < 1e-3 * balanced["supply_A"]


@pytest.mark.full
def test_a_burst_costs_less_with_a_wide_amplifier_and_staggered_pulses(engine) -> None:
    axes = {"cells_on": (24.0,), "cell_time_s": (100e-9,)}
    narrow, design = (
        rows(engine, "charge_to_pulse.burst", axes=axes, parameters={"charge_to_pulse.wamp": wamp})[0]
        for wamp in (0.6e-6, 1.5e-6)
    )
    assert narrow["shift_s"] < -0.5 * LSB_S < design["shift_s"] < 0
    assert narrow["bl_V"] < design["bl_V"] < 0.45
    staggered = rows(engine, "charge_to_pulse.burst", axes={**axes, "stagger": (1.0,)})[0]
    assert abs(staggered["shift_s"]) < 0.5 * abs(design["shift_s"])


@pytest.mark.full
def test_pulse_widths_do_not_move_with_the_numerics(engine) -> None:
    asked = Setting(axes={"wait_s": (0.5e-9, 2e-9)})
    fine = replace(asked, numerics={"step_s": 5e-12, "reltol": 1e-4})
    bench = testbench("charge_to_pulse.settling")
    coarse_rows, fine_rows = (bench.measure(each, engine.run(bench.deck(each), 300.0)) for each in (asked, fine))
    for coarse, exact in zip(coarse_rows, fine_rows, strict=True):
        assert coarse["pulse_s"] == pytest.approx(exact["pulse_s"], abs=2e-12)


@pytest.mark.full
def test_the_shipped_transfer_is_within_its_limits_and_its_fit_predicts_held_out_charges(tmp_path) -> None:
    dataset = run_sweep(load_spec("charge_to_pulse"), store=tmp_path / "store.sqlite", workers=1, engine="batch")
    found = fit_transfer(dataset, FULL_SCALE_C, 15e-9)
    assert found.positive.inl_s < 0.05 * LSB_S
    assert found.positive.dnl_s < 0.05 * LSB_S
    assert abs(found.positive.offset_s) < 0.3 * LSB_S
    assert abs(found.positive.gain_error) < 0.01
    assert found.pulse_error.maximum < 0.02 * LSB_S


@pytest.mark.full
@pytest.mark.parametrize("corner", ["ff", "ss", "sf", "fs"])
def test_corners_keep_the_line_and_its_offset(engine, corner: str) -> None:
    found = rows(engine, "charge_to_pulse.transfer", corner=corner, axes={"read_s": (0.25e-9, 2e-9, 5e-9, 8e-9)})
    assert max(abs(row["residual_s"]) for row in found) < 0.1 * LSB_S
    assert abs(found[0]["offset_s"]) < 0.6 * LSB_S


@pytest.mark.full
def test_noise_of_the_auto_zero_switch_is_kt_over_c(engine) -> None:
    copies = tuple(float(copy) for copy in range(24))
    found = rows(engine, "charge_to_pulse.noise", axes={"copy": copies, "source": (3.0,)})
    spread = np.sqrt(np.mean([row["shift_s"] ** 2 for row in found]))
    slope = 8 * 1.235e-6 / 450e-15  # V/s at the integrator's output: eight read branches, C_int
    expected = np.sqrt(1.380649e-23 * 300.15 / 20e-15) / slope
    assert spread == pytest.approx(expected, rel=0.45)  # 24 copies: 15 %; the stage's own capacitance adds to 20 fF


def test_crossings_of_a_sine_are_where_they_are() -> None:
    time = np.linspace(0, 1, 401)
    rises = converter.crossings(time, np.sin(2 * np.pi * 3 * time + 0.1), 0.5, rising=True)
    expected = (np.arcsin(0.5) - 0.1 + 2 * np.pi * np.arange(3)) / (2 * np.pi * 3)
    np.testing.assert_allclose(rises, expected, atol=1e-4)

"""The signed converter in the real simulator, against what hand analysis says it must do."""

from __future__ import annotations

import numpy as np
import pytest
from by_hand import measured, stated

from gaincell_char.circuits.deck import assemble
from gaincell_char.circuits.gain_cell.cell import sources
from gaincell_char.circuits.mismatch import vary
from gaincell_char.circuits.signed_charge_to_pulse import tile
from gaincell_char.circuits.testbench import Mismatch, Setting, Testbench, testbench
from gaincell_char.fit.converter import fit_transfer
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure
from gaincell_char.sweep.run import run_sweep
from gaincell_char.sweep.spec import load_spec
from gaincell_char.technology import technology

pytestmark = pytest.mark.ngspice
LSB_S = tile.LSB_S
FULL_SCALE_C = 74.094e-15  # 40 unit currents of the nominal cell for 15 ns
TRIP_V = 0.455
READ_WIDTH, READ_LENGTH, SELECT_WIDTH, UNITS = 4.6 * 81.9e-9, 4.6 * 0.55e-6, 4.6 * 100e-9, 4
"""Of the source, scaled."""


def rows(engine, name: str, **asked):
    bench = testbench(f"signed_charge_to_pulse.{name}")
    setting = Setting(**asked)
    return bench.measure(setting, engine.run(bench.deck(setting), 600.0))


def operating_point(lines: list[str], vectors: list[str]) -> Deck:
    return assemble("replicas", Setting(), tile.NETLISTS, {"gmin": 1e-15}, [*lines, ".op"], vectors)


def test_charge_becomes_sign_and_width_and_the_slopes_are_the_replica_currents(engine) -> None:
    times = (-46e-9, -20e-9, -2e-9, 0.0, 2e-9, 20e-9, 46e-9)
    found = rows(engine, "transfer", axes={"cell_time_s": times})
    assert found[3]["pulse_s"] == 0
    assert max(abs(row["residual_s"]) for row in found) < 0.05 * LSB_S
    assert max(abs(row["offset_s"]) for row in found) < 0.3 * LSB_S
    # at the bit line's voltage while a replica is on: the trip point and what the amplifier needs to take its current
    lines = [*sources(vdd=0.9, p=TRIP_V + 0.01, n=TRIP_V - 0.01), "xp 0 0 p vdd 0 signed_replica"]
    lines.append("xn vdd vdd n vdd 0 signed_replica")
    currents = engine.run(operating_point(lines, ["i(vp)", "i(vn)"])).vectors
    for sign, rising, name in ((1, (4, 6), "i(vp)"), (-1, (2, 0), "i(vn)")):
        low, high = (found[index] for index in rising)
        assert (low["sign"], high["sign"]) == (sign, sign)
        slope = (high["pulse_s"] - low["pulse_s"]) / (high["charge_C"] - low["charge_C"])
        assert slope == pytest.approx(1 / abs(float(currents[name][0])), rel=0.01)
        assert slope * FULL_SCALE_C == pytest.approx(15e-9, rel=0.01)


def test_the_current_of_a_replica_spreads_as_pelgrom_says(engine) -> None:
    """200 sources against the sum of four contributions: threshold and current factor of read and of select device,
    each its sensitivity (of two transistors written by hand) times A / sqrt(W L units)."""
    nodes = [f"b{index}" for index in range(200)]
    lines = sources(vdd=0.9, **dict.fromkeys(nodes, TRIP_V))
    lines += [f"x{node} 0 0 {node} vdd 0 signed_replica" for node in nodes]
    bench = Testbench(
        "replica", "current", "", (), (), {}, 1,
        deck=lambda setting: operating_point(lines, [f"i(v{node})" for node in nodes]),
        measure=lambda setting, waveforms: [],
        mismatch=Mismatch(r"xb\d+"),
    )  # fmt: skip
    drawn = engine.run(vary(bench, Setting(sample=0, seed=1))).vectors
    currents = np.array([float(drawn[f"i(v{node})"][0]) for node in nodes])

    def by_hand(read: str = "", select: str = "") -> float:
        line = sources(vdd=0.9, b=TRIP_V)
        line.append(f"mr p 0 vdd vdd pfet_thick w={READ_WIDTH} l={READ_LENGTH} m={UNITS} {read}")
        line.append(f"ms b 0 p vdd pfet w={SELECT_WIDTH} l=3e-8 m={UNITS} {select}")
        return float(engine.run(operating_point(line, ["i(vb)"])).vectors["i(vb)"][0])

    nominal, contributions = by_hand(), []
    for device, area in (("read", READ_WIDTH * READ_LENGTH * UNITS), ("select", SELECT_WIDTH * 3e-8 * UNITS)):
        spread = technology("cmos28").mismatch["pfet_thick" if device == "read" else "pfet"]
        threshold, factor = by_hand(**{device: "delvto=0.005"}), by_hand(**{device: "mulu0=1.01"})
        contributions.append((threshold / nominal - 1) / 0.005 * spread.vth_Vm / np.sqrt(area))
        contributions.append((factor / nominal - 1) / 0.01 * spread.beta_m / np.sqrt(area))
    expected = float(np.linalg.norm(contributions))
    assert currents.mean() == pytest.approx(nominal, rel=0.005)
    assert currents.std(ddof=1) / currents.mean() == pytest.approx(expected, rel=0.15)  # 3 sigma of 200 samples
    assert 15.5 * expected < 0.15  # LSB at full scale


def test_a_reference_that_does_not_cross_is_a_failed_measurement_not_a_number(engine) -> None:
    useless = {"signed_charge_to_pulse.units": 1.0, "signed_charge_to_pulse.source_kick_F": 200e-15}
    short = {"signed_charge_to_pulse.read_s": 1e-9, "signed_charge_to_pulse.latest_s": 10e-9}
    with pytest.raises(SimulationFailure, match=r"winp.* opens 0 times .* must cross once") as caught:
        rows(engine, "transfer", axes={"cell_time_s": (2e-9,)}, parameters=useless | short)
    assert caught.value.kind is FailureKind.MEASURE_FAILED


def test_the_example_deck_gives_the_numbers_in_its_title() -> None:
    found = measured("signed_charge_to_pulse")
    names = ("opens_p", "opens_n", "large_positive", "small_positive", "large_negative")
    *times, energy_fJ = stated("signed_charge_to_pulse")
    assert [found[name] * 1e9 for name in names] == pytest.approx(times, abs=0.01)
    assert found["energy_fj"] == pytest.approx(energy_fJ, rel=0.01)
    assert found["sign_positive"] > 0.85 > 0.05 > found["sign_negative"]


@pytest.mark.full
def test_about_zero_no_charge_gives_a_pulse_of_the_wrong_sign(engine) -> None:
    times = (-1e-9, -0.6e-9, -0.3e-9, -0.1e-9, 0.1e-9, 0.3e-9, 0.6e-9, 1e-9)
    short = {"signed_charge_to_pulse.read_s": 1.1e-9, "signed_charge_to_pulse.latest_s": 21e-9}
    for row in rows(engine, "transfer", axes={"cell_time_s": (-6e-9, *times, 6e-9)}, parameters=short):
        assert row["pulse_s"] * row["charge_C"] >= 0
        if abs(row["charge_C"]) > 0.3 * FULL_SCALE_C / 15.5:
            assert row["sign"] * row["charge_C"] > 0


@pytest.mark.full
@pytest.mark.parametrize("sign", [1, -1])
def test_a_burst_costs_less_with_a_wide_amplifier(engine, sign: int) -> None:
    axes = {"cells_on": (24.0,), "cell_time_s": (sign * 54e-9,)}
    narrow, design = (
        rows(engine, "burst", axes=axes, parameters={"signed_charge_to_pulse.wamp": wamp})[0]
        for wamp in (0.6e-6, 2.3e-6)
    )
    assert narrow["shift_s"] < -0.5 * LSB_S < design["shift_s"] < 0


@pytest.mark.full
def test_the_shipped_transfer_is_within_its_limits_and_its_fit_predicts_held_out_charges(tmp_path) -> None:
    dataset = run_sweep(load_spec("signed_charge_to_pulse"), store=tmp_path / "store.sqlite", workers=1, engine="batch")
    found = fit_transfer(dataset, FULL_SCALE_C, 15e-9)
    assert found.negative is not None
    for figures in (found.positive, found.negative):
        assert max(figures.inl_s, figures.dnl_s) < 0.05 * LSB_S
        assert abs(figures.offset_s) < 0.3 * LSB_S
        assert abs(figures.gain_error) < 0.01
    assert found.pulse_error.maximum < 0.02 * LSB_S
    assert found.dead_zone_C < 0.3 * FULL_SCALE_C / 15.5

"""The pulse counter: decks, sources, readings, and short counts in ngspice."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import by_hand
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaincell_char.circuits.pulse_counter.counter import (
    CLOCK_PERIOD_S,
    PERIODS_PER_STEP,
    WINDOW_S,
    count_of,
    fast_clock,
    flanks,
    rising,
)
from gaincell_char.circuits.testbench import Setting, circuit, testbench
from gaincell_char.errors import InputError
from gaincell_char.fit.counter import boundary_s
from gaincell_char.spice.check import check
from gaincell_char.spice.types import FailureKind, SimulationFailure, Waveforms

STEP_S = CLOCK_PERIOD_S * PERIODS_PER_STEP
FIRST = {"count": {"clock_period_s": (CLOCK_PERIOD_S,), "wait": (0.5,)}, "maximum": {"clock_period_s": (1e-10,)}}
BENCHES = [pytest.param(bench, id=bench.name) for bench in circuit("pulse_counter").testbenches]
SHORT = {"pulse_counter.window_steps": 3.0}


@pytest.mark.parametrize("bench", BENCHES)
def test_decks_are_pure_and_pass_the_check(bench) -> None:
    setting = Setting(axes=FIRST.get(bench.name, {}))
    deck = bench.deck(setting)
    assert deck == bench.deck(setting)
    check(deck)
    for changes in ({"corner": "ss"}, {"vdd_V": 0.855}, {"parameters": {"pulse_counter.edge_s": 20e-12}}):
        assert bench.deck(replace(setting, **changes)).text != deck.text


def test_a_step_is_t_max_over_15_and_a_half() -> None:
    assert pytest.approx(15e-9) == 15.5 * STEP_S


@given(st.floats(0, 0.999), st.floats(20e-12, 200e-12))
def test_the_fast_clock_rises_after_the_wait_and_every_period(wait: float, period: float) -> None:
    middle, amplitude, frequency, delay, _ = map(float, fast_clock(0.9, period, wait)[4:-1].split())
    assert 0 <= delay < period
    phase = (WINDOW_S + wait * period - delay) * frequency
    assert abs(phase - round(phase)) < 1e-6
    assert (middle, amplitude) == (0.45, 0.45)


def test_flanks_are_at_half_height_at_their_times() -> None:
    time, voltage = np.array(flanks([(0.0, 0.0), (1.0, 2.0), (3.0, 1.0)], 0.2)).T
    assert np.interp([0.0, 0.89, 1.0, 1.11, 2.9, 3.0, 3.2], time, voltage) == pytest.approx([0, 0, 1, 2, 2, 1.5, 1])


def bits(count: int, middle: int | None = None) -> dict[str, np.ndarray]:
    levels = [0.9 * (count >> stage & 1) for stage in range(5)]
    if middle is not None:
        levels[middle] = 0.5
    return {f"v(b{stage}_0)": np.array([0.0, level]) for stage, level in enumerate(levels)}


@given(st.integers(0, 31))
def test_bits_are_read_lowest_first(count: int) -> None:
    assert count_of(Waveforms("time", np.array([0.0, 1.0]), bits(count)), "0", 0.9) == count


def test_a_bit_between_the_rails_is_no_count() -> None:
    with pytest.raises(SimulationFailure, match=r"bit 2 of column 0 is at 0\.56 of the supply"):
        count_of(Waveforms("time", np.array([0.0, 1.0]), bits(3, middle=2)), "0", 0.9)


@settings(deadline=None, max_examples=50)
@given(st.floats(0.1, 15.9))
def test_a_count_that_is_not_the_rounded_width_fails(steps: float) -> None:
    bench = testbench("pulse_counter.count")
    asked = Setting(axes={"width_s": (steps * STEP_S,), "clock_period_s": (CLOCK_PERIOD_S,), "wait": (0.5,)})
    currents = {"i(vclk)": np.zeros(2), "i(vs0)": np.zeros(2)}
    span = np.array([0.0, 20e-9])
    right = round(steps)
    (row,) = bench.measure(asked, Waveforms("time", span, bits(right) | currents))
    assert row["count"] == right
    for wrong in (right - 2, right + 2):
        if 0 <= wrong <= 16:
            with pytest.raises(SimulationFailure, match="steps counted") as failure:
                bench.measure(asked, Waveforms("time", span, bits(wrong) | currents))
            assert failure.value.kind is FailureKind.MEASURE_FAILED


def test_widths_that_cannot_be_are_refused() -> None:
    bench = testbench("pulse_counter.count")
    with pytest.raises(InputError, match="no room for its edges"):
        bench.deck(Setting(axes=FIRST["count"] | {"width_s": (10e-12,)}))
    with pytest.raises(InputError, match="2 widths, but the tile has 1 columns"):
        bench.deck(Setting(axes=FIRST["count"] | {"width_s": (1e-9, 2e-9)}, parameters={"pulse_counter.columns": 1.0}))


def test_crossings_are_between_time_points() -> None:
    waves = Waveforms("time", np.array([0.0, 1.0, 2.0, 3.0]), {"v(a)": np.array([0.0, 0.8, 0.0, 1.0])})
    assert rising(waves, "v(a)", 0.4) == pytest.approx([0.5, 2.4])


@pytest.mark.ngspice
def test_widths_are_counted_rounded_and_a_window_limits_them(characterize) -> None:
    widths = tuple(steps * STEP_S for steps in (0.3, 2.3, 2.7, 6.0))
    rows = characterize("pulse_counter.count", axes=FIRST["count"] | {"width_s": widths}, parameters=SHORT)
    assert rows["count"].tolist() == [0, 2, 3, 3]
    assert rows["energy_J"].is_monotonic_increasing
    assert 0 < rows["energy_J"].iloc[0] < rows["clock_energy_J"].iloc[0]


@pytest.mark.ngspice
def test_idle_columns_load_the_clock_like_real_ones(characterize) -> None:
    widths = tuple(0.3 * STEP_S + row * 1e-12 for row in range(2))
    real, lumped = (
        characterize(
            "pulse_counter.count",
            axes=FIRST["count"] | {"width_s": asked},
            parameters={"pulse_counter.columns": 2.0, "pulse_counter.window_steps": 1.0},
        )
        for asked in (widths, widths[:1])
    )
    alone = characterize(
        "pulse_counter.count",
        axes=FIRST["count"] | {"width_s": widths[:1]},
        parameters={"pulse_counter.columns": 1.0, "pulse_counter.window_steps": 1.0},
    )
    energy = [rows["clock_energy_J"].iloc[0] for rows in (real, lumped, alone)]
    assert energy[0] == pytest.approx(energy[1], rel=2e-4)
    assert energy[2] < 0.998 * energy[1]


@pytest.mark.ngspice
def test_the_count_clock_follows_the_window_by_whole_periods_and_the_wait(characterize) -> None:
    rows = characterize("pulse_counter.phase", axes={"wait": (0.45, 0.7)}).set_index("wait")
    later = rows["first_edge_s"].diff().iloc[1] / CLOCK_PERIOD_S
    assert later == pytest.approx(0.25, abs=0.04)
    assert rows["step_s"].to_numpy() == pytest.approx(STEP_S, rel=3e-3)
    assert np.all(np.abs(rows["first_edge_s"] / CLOCK_PERIOD_S - 5.5) < 1)


@pytest.mark.ngspice
def test_a_boundary_is_one_step_of_margins_that_are_seen(characterize) -> None:
    margins = (-200e-12, -170e-12, -150e-12, -130e-12)
    rows = characterize("pulse_counter.aperture", axes={"margin_s": margins})
    assert boundary_s(rows) in [pytest.approx((a + b) / 2) for a, b in itertools.pairwise(margins)]
    assert np.all(rows["decision_s"] < STEP_S / 4)


@pytest.mark.ngspice
def test_a_clock_that_is_far_too_fast_miscounts(characterize) -> None:
    rows = characterize("pulse_counter.maximum", axes={"clock_period_s": (CLOCK_PERIOD_S / 5,), "width_steps": (2.0,)})
    assert rows["miscount"].iloc[0] != 0


@pytest.mark.ngspice
@pytest.mark.full
def test_the_example_by_hand_states_what_it_measures() -> None:
    found = by_hand.measured("pulse_counter")
    wanted = [
        found["counted"],
        round(found["first_edge"] * 1e12),
        round(found["energy_j"] * 1e15, 1),
        round(found["clock_energy_j"] * 1e12, 2),
    ]
    assert by_hand.stated("pulse_counter") == wanted


def test_the_count_in_the_title_is_the_width_rounded() -> None:
    width = float(re.search(r"width=\{([\d.]+)\*step\}", (by_hand.EXAMPLES / "pulse_counter.cir").read_text())[1])
    assert by_hand.stated("pulse_counter")[0] == round(width)

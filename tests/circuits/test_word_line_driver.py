"""The word-line driver: decks, readings, and widths, edges and loads against circuits that can be solved by hand."""

from __future__ import annotations

from dataclasses import replace

import by_hand
import numpy as np
import pytest

from gaincell_char.circuits.testbench import Setting, circuit, testbench
from gaincell_char.circuits.word_line_driver.driver import pulse_times
from gaincell_char.errors import InputError
from gaincell_char.spice.check import check
from gaincell_char.spice.types import FailureKind, SimulationFailure

BENCHES = [pytest.param(bench, id=bench.name) for bench in circuit("word_line_driver").testbenches]
CELLS, WIRE_F, GATE_F = 64, 0.4e-15, 0.05e-15


@pytest.mark.parametrize("bench", BENCHES)
def test_decks_are_pure_and_pass_the_check(bench) -> None:
    deck = bench.deck(Setting())
    assert deck == bench.deck(Setting())
    check(deck)
    for changes in ({"corner": "ff"}, {"vdd_V": 0.945}, {"temperature_C": 85.0}):
        assert bench.deck(replace(Setting(), **changes)).text != deck.text


@pytest.mark.parametrize("level", [16.0, 2.5, -1.0])
def test_levels_are_those_of_four_bits(level: float) -> None:
    with pytest.raises(InputError, match="none of the 16 levels"):
        testbench("word_line_driver.widths").deck(Setting(axes={"level": (level,)}))


def test_a_pulse_is_one_rise_and_one_fall() -> None:
    time = np.arange(6.0)
    assert pulse_times(time, np.array([0, 0, 1.0, 1.0, 0, 0]), 0.5, "v") == (1.5, 3.5)
    assert pulse_times(time, np.zeros(6), 0.5, "v") is None
    for wrong in ([0, 1.0, 0, 1.0, 0, 0], [0, 0, 0, 1.0, 1.0, 1.0], [1.0, 0, 0, 0, 0, 0]):
        with pytest.raises(SimulationFailure, match="expected one pulse") as failure:
            pulse_times(time, np.array(wrong), 0.5, "v")
        assert failure.value.kind is FailureKind.MEASURE_FAILED


@pytest.mark.ngspice
def test_levels_are_multiples_of_a_fifteenth_and_level_0_is_no_pulse(characterize) -> None:
    rows = characterize("word_line_driver.widths", axes={"level": (0.0, 1.0, 6.0)})
    assert rows["width_s"].iloc[0] == rows["width_b_s"].iloc[0] == 0
    for width in ("width_s", "width_b_s"):
        assert rows[width].to_numpy() == pytest.approx([0, 1e-9, 6e-9], abs=20e-12)
    # both lines are charged once a pulse; what is more is the driver's own
    lines = 2 * CELLS * (WIRE_F + GATE_F) * 0.9**2
    assert np.all((rows["energy_J"].diff()[1:2] > lines) & (rows["energy_J"].diff()[1:2] < 2.5 * lines))


@pytest.mark.ngspice
def test_the_far_end_is_late_by_the_line_s_rc(characterize) -> None:
    """t50 of a long RC line is 0.377 RC (solution of the diffusion equation with an open end)."""
    ohm = 100.0
    rows = characterize(
        "word_line_driver.buffer",
        axes={"width_s": (3e-9,)},
        parameters={"word_line_driver.wl_ohm": ohm, "word_line_driver.wbuf": 20e-6},
    )
    rc = CELLS * ohm * CELLS * (WIRE_F + GATE_F)
    assert rows["wire_delay_s"].iloc[0] == pytest.approx(0.377 * rc, rel=0.15)
    assert rows["rise_s"].iloc[0] == pytest.approx(0.9 * rc, rel=0.25)


@pytest.mark.ngspice
def test_a_buffer_keeps_a_pulse_s_width(characterize) -> None:
    rows = characterize("word_line_driver.buffer", axes={"width_s": (0.2e-9, 2e-9)})
    assert np.all(np.abs(rows[["stretch_s", "stretch_b_s"]]) < 10e-12)
    assert rows["stretch_s"].diff().iloc[1] == pytest.approx(0, abs=2e-12)
    assert np.all(rows["delay_s"] > rows["wire_delay_s"])


@pytest.mark.ngspice
def test_the_load_of_a_cell_is_its_gate_s(characterize) -> None:
    """Between the overlaps of the select device and, with them, all of its oxide (100 nm x 30 nm, 1.5 nm thick)."""
    rows = characterize("word_line_driver.load")
    overlap = 2 * 2.2e-10 * 100e-9
    oxide = 3.9 * 8.854e-12 / 1.5e-9 * 100e-9 * 30e-9
    for line in ("wlr_F", "wlrb_F"):
        assert np.all((rows[line] > 0.5 * overlap) & (rows[line] < overlap + oxide))
    assert rows["wlr_F"].iloc[0] == pytest.approx(GATE_F, rel=0.2)


@pytest.mark.ngspice
def test_a_pulse_that_the_buffer_swallows_is_a_failed_measurement(characterize) -> None:
    with pytest.raises(SimulationFailure, match="does not reach"):
        characterize(
            "word_line_driver.buffer", axes={"width_s": (35e-12,)}, parameters={"word_line_driver.wl_F": 10e-15}
        )


@pytest.mark.ngspice
def test_the_example_by_hand_states_what_it_measures() -> None:
    found = by_hand.measured("word_line_driver")
    assert by_hand.stated("word_line_driver") == [
        round(found["width"] * 1e9, 4),
        round(found["width_b"] * 1e9, 4),
        round(found["rise"] * 1e12, 1),
        round(found["energy_j"] * 1e15, 1),
    ]

"""The text of a deck and the readings of a transient, without a simulator."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaincell_char.circuits.deck import assemble, integral, number, pulse, reading
from gaincell_char.circuits.testbench import Setting
from gaincell_char.errors import InputError
from gaincell_char.spice.types import FailureKind, SimulationFailure, Waveforms


def waves(time: list[float], values: list[float]) -> Waveforms:
    return Waveforms("time", np.asarray(time), {"v(s)": np.asarray(values)})


def test_numbers_are_plain_digits_that_read_back_exactly() -> None:
    assert number(np.float64(0.1)) == "0.1"
    assert [float(number(value)) for value in (8e-08, 1e-20, 0.3)] == [8e-08, 1e-20, 0.3]


def test_a_deck_has_a_title_its_files_its_options_and_an_end() -> None:
    deck = assemble(
        "a title", Setting(corner="fs"), "gain_cell.lib", {"gmin": 1e-18, "step_s": 1e-10}, [".op"], ["v(a)"]
    )
    lines = deck.text.splitlines()
    assert lines[0] == "* a title, fs, 27 C, 0.9 V"
    assert lines[1].endswith("cmos28.lib' fs")
    assert ".options method=gear gmin=1e-18" in lines
    assert lines[-1] == ".end"
    assert [file.name for file in deck.files] == ["cmos28.lib", "gain_cell.lib"]
    assert all(file.is_file() and str(file) in deck.text for file in deck.files)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (Setting(corner="tf"), "unknown corner 'tf'; did you mean"),
        (Setting(technology="cmos82"), "unknown technology 'cmos82'; did you mean cmos28"),
        (Setting(temperature_C=300.0), "temperature 300 C is outside"),
        (Setting(vdd_V=1.8), "supply 1.8 V is outside"),
    ],
)
def test_conditions_the_technology_does_not_have_are_refused(setting: Setting, message: str) -> None:
    with pytest.raises(InputError, match=message):
        assemble("t", setting, "gain_cell.lib", {}, [".op"], [])


def test_a_pulse_is_as_wide_as_asked_at_half_height() -> None:
    low, high, start, rise, fall, flat, _ = map(float, pulse(0.0, 0.9, 1e-9, 5e-9, 30e-12)[6:-1].split())
    up, down = start + rise / 2, start + rise + flat + fall / 2
    assert (low, high) == (0.0, 0.9)
    assert down - up == pytest.approx(5e-9, rel=1e-12)


def test_a_pulse_shorter_than_its_edges_is_refused() -> None:
    with pytest.raises(InputError, match="a pulse of 2e-11 s has no room for its edges of 3e-11 s"):
        pulse(0.0, 0.9, 0.0, 20e-12, 30e-12)


@given(
    st.lists(st.floats(1e-3, 1.0), min_size=2, max_size=20),
    st.floats(-5, 5),
    st.floats(-5, 5),
    st.tuples(st.floats(0, 1), st.floats(0, 1)).filter(lambda pair: abs(pair[0] - pair[1]) > 1e-3),
)
def test_the_integral_of_a_line_is_exact(
    steps: list[float], offset: float, slope: float, ends: tuple[float, float]
) -> None:
    time = np.concatenate(([0.0], np.cumsum(steps)))
    start, stop = (float(end * time[-1]) for end in sorted(ends))
    exact = offset * (stop - start) + slope * (stop**2 - start**2) / 2
    found = integral(time, offset + slope * time, start, stop, "charge")
    assert found == pytest.approx(exact, rel=1e-9, abs=1e-9)


def test_a_reading_lies_between_its_time_points() -> None:
    assert reading(waves([0.0, 1.0, 3.0], [0.0, 1.0, 5.0]), "v(s)", 2.0) == pytest.approx(3.0)


def test_a_transient_that_is_too_short_is_a_failed_measurement() -> None:
    with pytest.raises(SimulationFailure, match="the transient covers 0 to 1 s") as failure:
        reading(waves([0.0, 1.0], [0.0, 1.0]), "v(s)", 1.5)
    assert failure.value.kind is FailureKind.MEASURE_FAILED
    with pytest.raises(SimulationFailure, match="charge: the transient covers"):
        integral(np.array([0.0, 1.0]), np.array([1.0, 1.0]), 0.5, 1.5, "charge")


def test_a_reading_that_is_no_number_is_a_failed_measurement() -> None:
    with pytest.raises(SimulationFailure, match="nan is not a number"):
        reading(waves([0.0, 1.0], [0.0, float("nan")]), "v(s)", 1.0)

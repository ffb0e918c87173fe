"""The signed converter's decks and measurements, without a simulator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaincell_char.circuits.mismatch import vary
from gaincell_char.circuits.signed_charge_to_pulse import tile
from gaincell_char.circuits.signed_charge_to_pulse.lines import best_lines
from gaincell_char.circuits.signed_charge_to_pulse.transfer import groups
from gaincell_char.circuits.testbench import Setting, circuit, testbench
from gaincell_char.errors import InputError
from gaincell_char.paths import data_folder
from gaincell_char.spice.check import check
from gaincell_char.spice.types import FailureKind, SimulationFailure, Waveforms

VDD = 0.9
BENCHES = circuit("signed_charge_to_pulse").testbenches
TIME = np.linspace(0, 47e-9, 4701)
OPENS = {"p": 28.5e-9, "n": 28.2e-9}


def high(start_s: float, width_s: float) -> np.ndarray:
    """A pulse with edges of 10 ps, `width_s` wide at half height."""
    return VDD * np.interp(TIME, np.cumsum([0, start_s - 5e-12, 1e-11, width_s - 1e-11, 1e-11]), [0, 0, 1, 1, 0])


def waveforms(*pulses_s: float, sign: float | None = None, window_s: float = 15.484e-9, extra: float = 0) -> Waveforms:
    """Columns with these pulses, which draw 10 uA of the pulse's sign for a tenth of its width; 1 uA of supply, 2 uA of
    the references. `sign`: what the sign's node is at, of the supply; `extra`: a second pulse of the other sign."""
    vectors = {f"v(win{each})": high(OPENS[each], window_s) for each in "pn"} | {"i(vz)": np.full_like(TIME, -2e-6)}
    for index, pulse in enumerate(pulses_s):
        own, other = ("p", "n") if pulse > 0 else ("n", "p")
        none = np.zeros_like(TIME)
        vectors |= {
            f"v(p{own}{index})": high(OPENS[own], abs(pulse)) if pulse else none,
            f"v(p{other}{index})": high(OPENS[other], extra) if extra else none,
            f"v(sgn{index})": np.full_like(TIME, VDD * (float(pulse > 0) if sign is None else sign)),
            f"v(b{index})": 0.45 - np.sign(pulse) * 0.05 * (high(9e-9, 1e-9) > 0) - 0.2 * (TIME > 40e-9),
            f"i(va{index})": np.full_like(TIME, -1e-6),
            f"i(vh{index})": -np.sign(pulse) * 1e-5 * high(10e-9, max(abs(pulse) / 10, 2e-11)) / VDD,
        }
    return Waveforms("time", TIME, vectors)


@pytest.mark.parametrize("bench", BENCHES, ids=lambda bench: bench.name)
def test_a_deck_is_a_pure_function_of_its_setting_and_passes_the_check(bench) -> None:
    deck = bench.deck(Setting())
    assert deck == bench.deck(Setting())
    check(deck)
    assert len(set(deck.vectors)) == len(deck.vectors)
    assert "np." not in deck.text


@pytest.mark.parametrize("bench", BENCHES, ids=lambda bench: bench.name)
def test_every_parameter_and_condition_is_in_the_deck(bench) -> None:
    plain = bench.deck(Setting()).text
    for each in tile.PARAMETERS:
        assert bench.deck(Setting(parameters={each.name: (each.default + each.high) / 2})).text != plain, each.name
    for change in ({"corner": "ss"}, {"temperature_C": 85.0}, {"vdd_V": 0.945}):
        assert bench.deck(replace(Setting(), **change)).text != plain
    assert " wn=2e-07 " in bench.deck(Setting(parameters={"gain_cell.wn": 2e-7})).text


def test_sizes_of_the_netlist_are_parameters_with_the_netlist_s_defaults() -> None:
    defaults = {each.name.partition(".")[2]: each.default for each in tile.PARAMETERS}
    text = (data_folder("netlists") / tile.NETLIST).read_text(encoding="utf-8").replace("\n+", "")
    for subcircuit in ("signed_charge_to_pulse", "zero_charge_p", "zero_charge_n"):
        (header,) = (line for line in text.splitlines() if line.startswith(f".subckt {subcircuit} "))
        sizes = {name: float(value) for name, value in (word.split("=") for word in header.split() if "=" in word)}
        assert len(sizes) == 13
        assert sizes == {name: defaults[name] for name in sizes}


def test_rows_of_a_transfer_hold_what_the_waveforms_do() -> None:
    times = (-3e-9, -2e-9, -1e-9, 1e-9, 2e-9, 3e-9)
    pulses = (-3.1e-9, -2.1e-9, -1.1e-9, 1e-9, 2e-9, 3.6e-9)
    rows = testbench("signed_charge_to_pulse.transfer").measure(
        Setting(axes={"cell_time_s": times}), waveforms(*pulses)
    )
    assert [row["pulse_s"] for row in rows] == pytest.approx(pulses, rel=1e-4)
    assert [row["charge_C"] for row in rows] == pytest.approx([1e-5 * each / 10 for each in pulses], rel=1e-3)
    assert [row["sign"] for row in rows] == [-1, -1, -1, 1, 1, 1]
    assert [row["offset_s"] for row in rows] == pytest.approx([0.0] * 6, abs=2e-12)  # charge and width are one line
    assert [row["opening_s"] for row in rows] == pytest.approx([2.9e-9] * 3 + [3.2e-9] * 3, abs=2e-12)
    assert rows[0]["window_s"] == pytest.approx(15.484e-9, abs=2e-12)
    until = max(OPENS.values()) + 15.484e-9 + 0.5e-9
    assert rows[0]["energy_J"] == pytest.approx(VDD * 1e-6 * until, rel=1e-3)
    assert rows[0]["reference_energy_J"] == pytest.approx(VDD * 2e-6 * until, rel=1e-3)
    assert [row["bl_V"] for row in rows] == pytest.approx([0.5] * 3 + [0.4] * 3)  # not the excursion after the enable


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            waveforms(2e-9, window_s=25e-9),
            "winp.* opens 1 times and closes 0 times: its zero-charge reference must cross",
        ),
        (waveforms(2e-9, window_s=9e-9), "winp opens at 2.85e-08 s and is cut off at 3.75e-08 s"),
        (waveforms(25e-9), r"v\(pp0\) is high at the end"),
        (waveforms(2e-9, extra=1e-9), "column 0 has a positive pulse of 2e-09 s and a negative one of 1e-09 s"),
        (waveforms(2e-9, sign=0.4), "column 0: the sign is at 0.40 of the supply, neither positive nor negative"),
        (waveforms(15.484e-9), "0 of 1 positive pulses are neither zero nor clamped, a line needs 2"),
    ],
)
def test_a_converter_that_stops_working_is_a_failed_measurement(given: Waveforms, message: str) -> None:
    with pytest.raises(SimulationFailure, match=message) as caught:
        testbench("signed_charge_to_pulse.transfer").measure(Setting(axes={"cell_time_s": (2e-9,)}), given)
    assert caught.value.kind is FailureKind.MEASURE_FAILED


@pytest.mark.parametrize("sign", [1, -1])
def test_a_burst_is_measured_against_the_line_of_few_cells(sign: int) -> None:
    asked = Setting(axes={"cells_on": (24.0,), "cell_time_s": (sign * 54e-9,)})
    given = waveforms(sign * 2.8e-9, sign * 1e-9, sign * 3e-9)
    given.vectors["i(vh0)"][:] = -sign * 1e-5 * high(10e-9, 0.3e-9) / VDD  # the charge of 3 ns
    (row,) = testbench("signed_charge_to_pulse.burst").measure(asked, given)
    assert row["shift_s"] == pytest.approx(-0.2e-9, abs=5e-12)


@pytest.mark.parametrize("pulses_s", [(2.8e-9, 1e-9, 15.484e-9), (0.0, 1e-9, 3e-9)])
def test_a_burst_with_a_clamped_or_missing_pulse_is_a_failed_measurement(pulses_s: tuple[float, ...]) -> None:
    asked = Setting(axes={"cells_on": (24.0,), "cell_time_s": (54e-9,)})
    with pytest.raises(SimulationFailure, match="zero or clamped by its window") as caught:
        testbench("signed_charge_to_pulse.burst").measure(asked, waveforms(*pulses_s))
    assert caught.value.kind is FailureKind.MEASURE_FAILED


def test_settling_is_measured_against_the_longest_wait() -> None:
    asked = Setting(axes={"wait_s": (4e-9, 1e-9), "cell_time_s": (-36e-9,)})
    rows = testbench("signed_charge_to_pulse.settling").measure(asked, waveforms(-2e-9, -1.9e-9))
    assert [row["shift_s"] for row in rows] == pytest.approx([0, -0.1e-9], abs=1e-13)


@given(
    slope=st.tuples(st.floats(1e5, 3e5), st.floats(1e5, 3e5)),
    offset=st.tuples(st.floats(-2e-10, 2e-10), st.floats(-2e-10, 2e-10)),
)
def test_offsets_of_both_signs_come_back_from_two_lines_with_a_clamp(
    slope: tuple[float, float], offset: tuple[float, float]
) -> None:
    charge = np.linspace(-120e-15, 120e-15, 25)
    sign = np.where(charge > 0, 1.0, -1.0)
    slopes, offsets = (np.where(charge > 0, pair[0], pair[1]) for pair in (slope, offset))
    pulse = sign * np.clip(slopes * np.abs(charge) + offsets, 0, 15e-9)
    found, residual = best_lines(charge, pulse, sign, 15e-9)
    np.testing.assert_allclose(found, offsets, atol=1e-14)
    np.testing.assert_allclose(residual, 0, atol=1e-14)


@pytest.mark.parametrize(
    ("name", "axes", "message"),
    [
        (
            "transfer",
            {"cell_time_s": (91e-9,)},
            "axis cell_time_s: 9.1e-08 s is a read pulse of 1.51667e-08 s for 6 cells",
        ),
        ("transfer", {"cell_time_s": (-2e-11,)}, "axis cell_time_s: -2e-11 s is a read pulse of 2e-11 s for 1 cells"),
        ("burst", {"cells_on": (8.5,)}, "axis cells_on: 8.5 cells; expected a whole number, 1 to 64"),
        ("burst", {"cell_time_s": (0.0,)}, "axis cell_time_s: 0 s is no burst"),
        ("settling", {"wait_s": (16e-9,)}, "axis wait_s: 1.6e-08 s; expected more than 0 and at most 1.45e-08"),
    ],
)
def test_stimuli_that_do_not_fit_are_refused(name: str, axes: dict[str, tuple[float, ...]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        testbench(f"signed_charge_to_pulse.{name}").deck(Setting(axes=axes))


def test_small_charges_come_from_one_cell_and_none_from_none() -> None:
    (one,), (six,) = groups(0.5e-9, Setting()), groups(-12e-9, Setting())
    assert (one.cells, one.level_V, one.width_s) == (1, VDD, 0.5e-9)
    assert (six.cells, six.level_V, six.width_s) == (6, 0.0, pytest.approx(2e-9))
    assert groups(0.0, Setting()) == []


def test_a_sample_is_one_converter_at_all_charges_and_references_of_its_own() -> None:
    bench = testbench("signed_charge_to_pulse.transfer")
    text = vary(bench, Setting(sample=0, seed=1, axes={"cell_time_s": (-2e-9, 2e-9)})).text
    columns = [line.split() for line in text.splitlines() if line.startswith(("xc0 ", "xc1 "))]
    assert columns[0][14] == columns[1][14] != "signed_charge_to_pulse"
    drawn = [line for line in text.splitlines() if "delvto" in line]
    shifts = [line.partition("delvto=")[2].split("/")[0] for line in drawn]
    assert len(set(shifts)) == len(shifts) > 150  # a converter and two references, no draw twice

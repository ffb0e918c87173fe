"""The ReLU converter's decks and measurements, without a simulator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaincell_char.circuits import converter
from gaincell_char.circuits.charge_to_pulse import tile
from gaincell_char.circuits.converter import Group
from gaincell_char.circuits.testbench import Setting, circuit, testbench
from gaincell_char.errors import InputError
from gaincell_char.paths import data_folder
from gaincell_char.spice.check import check
from gaincell_char.spice.types import FailureKind, SimulationFailure, Waveforms

BENCHES = [
    pytest.param(bench, id=f"{bench.circuit}.{bench.name}")
    for name in ("front_end", "charge_to_pulse")
    for bench in circuit(name).testbenches
]
VDD = 0.9
TIME = np.linspace(0, 46e-9, 4601)


def high(start_s: float, width_s: float) -> np.ndarray:
    """A pulse with edges of two time points, `width_s` wide at half height."""
    return VDD * np.interp(TIME, np.cumsum([0, start_s - 5e-12, 1e-11, width_s - 1e-11, 1e-11]), [0, 0, 1, 1, 0])


def transfer_waveforms(pulses_s: list[float], opens_s: float = 27e-9, window_s: float = 15e-9) -> Waveforms:
    """Columns that draw 10 uA for 1, 2, 3, ... ns and give the pulses asked for; 1 uA of supply."""
    vectors = {"v(win)": high(opens_s, window_s)}
    for index, pulse in enumerate(pulses_s):
        vectors |= {
            f"v(p{index})": high(opens_s, pulse) if pulse else np.zeros_like(TIME),
            f"v(b{index})": 0.45 - 0.05 * (high(9e-9, 1e-9) > 0) - 0.2 * (TIME > 40e-9),
            f"i(va{index})": np.full_like(TIME, -1e-6),
            f"i(vh{index})": -1e-5 * high(10e-9, (index + 1) * 1e-9) / VDD,
        }
    return Waveforms("time", TIME, vectors)


@pytest.mark.parametrize("bench", BENCHES)
def test_a_deck_is_a_pure_function_of_its_setting_and_passes_the_check(bench) -> None:
    deck = bench.deck(Setting())
    assert deck == bench.deck(Setting())
    check(deck)
    assert len(set(deck.vectors)) == len(deck.vectors)
    assert "np." not in deck.text


@pytest.mark.parametrize("bench", BENCHES)
def test_every_parameter_and_condition_is_in_the_deck(bench) -> None:
    plain = bench.deck(Setting()).text
    used = [each for each in bench.parameters if each.name.partition(".")[0] == bench.circuit]
    if bench.name == "drive":  # one device by itself: no capacitor, no switch
        used = [each for each in used if each.name.partition(".")[2] in ("wamp", "lamp", "ratio")]
    for each in used:
        assert bench.deck(Setting(parameters={each.name: (each.default + each.high) / 2})).text != plain, each.name
    for change in ({"corner": "ss"}, {"temperature_C": 85.0}, {"vdd_V": 0.945}):
        assert bench.deck(replace(Setting(), **change)).text != plain


@pytest.mark.parametrize(
    ("name", "subcircuits"),
    [("charge_to_pulse", ("charge_to_pulse", "zero_charge_k", "zero_crossing_k")), ("front_end", ("front_end",))],
)
def test_sizes_of_the_netlists_are_parameters_with_the_netlists_defaults(name: str, subcircuits: tuple[str]) -> None:
    defaults = {each.name.partition(".")[2]: each.default for each in circuit(name).parameters}
    text = "".join(path.read_text() for path in sorted(data_folder("netlists").glob("*.lib"))).replace("\n+", "")
    for subcircuit in subcircuits:
        (header,) = (line for line in text.splitlines() if line.startswith(f".subckt {subcircuit} "))
        sizes = dict(word.split("=") for word in header.split() if "=" in word)
        assert {size: float(value) for size, value in sizes.items()} == {size: defaults[size] for size in sizes}


def test_a_cell_s_parameter_reaches_the_cells_of_the_column() -> None:
    bench = testbench("charge_to_pulse.transfer")
    assert " wn=2e-07 " in bench.deck(Setting(parameters={"gain_cell.wn": 2e-7})).text


def test_rows_of_a_transfer_hold_what_the_waveforms_do() -> None:
    bench = testbench("charge_to_pulse.transfer")
    asked = Setting(axes={"read_s": (1e-9, 2e-9, 3e-9, 4e-9)})
    rows = bench.measure(asked, transfer_waveforms([0.5e-9, 1.0e-9, 1.5e-9, 2.2e-9]))
    assert [row["charge_C"] for row in rows] == pytest.approx([1e-14, 2e-14, 3e-14, 4e-14], rel=1e-6)
    assert [row["pulse_s"] for row in rows] == pytest.approx([0.5e-9, 1.0e-9, 1.5e-9, 2.2e-9], rel=1e-6)
    slope, offset = np.polyfit([1, 2, 3, 4], [0.5, 1.0, 1.5, 2.2], 1)
    assert [row["offset_s"] for row in rows] == pytest.approx([offset * 1e-9] * 4, rel=1e-5)
    assert rows[3]["residual_s"] == pytest.approx((2.2 - slope * 4 - offset) * 1e-9, rel=1e-4)
    assert rows[0]["energy_J"] == pytest.approx(0.9 * 1e-6 * 42.5e-9, rel=1e-3)  # until 0.5 ns after the window
    assert rows[0]["bl_V"] == pytest.approx(0.40)  # the excursion after the enable does not count
    assert rows[0]["opening_s"] == pytest.approx(2.7e-9, rel=1e-3)


@pytest.mark.parametrize(
    ("waveforms", "message"),
    [
        (
            transfer_waveforms([0.5e-9, 1e-9, 1.5e-9], window_s=25e-9),
            "opens 1 times and closes 0 times: the zero",
        ),
        (
            transfer_waveforms([0.5e-9, 1e-9, 1.5e-9], window_s=12e-9),
            "is cut off at 3.9e-08 s, before t_max_s = 1.5e",
        ),
        (transfer_waveforms([0.5e-9, 30e-9, 1.5e-9]), r"v\(p1\) is high at the end"),
        (transfer_waveforms([0.5e-9, 0, 15e-9]), "1 of 3 pulses are neither zero nor clamped, a line needs 3"),
    ],
)
def test_a_converter_that_stops_working_is_a_failed_measurement(waveforms: Waveforms, message: str) -> None:
    asked = Setting(axes={"read_s": (1e-9, 2e-9, 3e-9)})
    with pytest.raises(SimulationFailure, match=message) as caught:
        testbench("charge_to_pulse.transfer").measure(asked, waveforms)
    assert caught.value.kind is FailureKind.MEASURE_FAILED


def test_a_burst_is_measured_against_the_line_of_few_cells() -> None:
    bench = testbench("charge_to_pulse.burst")
    asked = Setting(axes={"cells_on": (16.0, 24.0)})
    rows = bench.measure(asked, transfer_waveforms([0.9e-9, 1.7e-9, 3.0e-9, 4.0e-9]))  # slow columns: 1 ns for 10 fC
    assert [row["shift_s"] for row in rows] == pytest.approx([-0.1e-9, -0.3e-9], rel=1e-4)


@pytest.mark.parametrize("pulses_s", [[0.9e-9, 3e-9, 15e-9], [0.0, 3e-9, 4e-9], [15e-9, 3e-9, 4e-9]])
def test_a_burst_with_a_clamped_or_missing_pulse_is_a_failed_measurement(pulses_s: list[float]) -> None:
    asked = Setting(axes={"cells_on": (16.0,)})
    with pytest.raises(SimulationFailure, match=r"zero or clamped by its window of 1.5e-08 s.*; pulses: ") as caught:
        testbench("charge_to_pulse.burst").measure(asked, transfer_waveforms(pulses_s))
    assert caught.value.kind is FailureKind.MEASURE_FAILED


def test_settling_of_clamped_pulses_is_a_failed_measurement() -> None:
    asked = Setting(axes={"wait_s": (4e-9, 1e-9)})
    with pytest.raises(SimulationFailure, match="zero or clamped"):
        testbench("charge_to_pulse.settling").measure(asked, transfer_waveforms([15e-9, 15e-9]))


def test_settling_is_measured_against_the_longest_wait() -> None:
    bench = testbench("charge_to_pulse.settling")
    rows = bench.measure(Setting(axes={"wait_s": (4e-9, 1e-9)}), transfer_waveforms([2e-9, 1.9e-9]))
    assert [row["shift_s"] for row in rows] == pytest.approx([0, -0.1e-9], abs=1e-15)


def test_staggered_cells_end_where_the_longest_pulse_ends_and_are_all_there() -> None:
    bench = testbench("charge_to_pulse.burst")
    deck = bench.deck(Setting(axes={"cells_on": (25.0,), "stagger": (1.0,), "cell_time_s": (100e-9,)}))
    assert "m=13" in deck.text
    assert "m=12" in deck.text
    assert f"m={64 - 25}" in deck.text
    late = next(line for line in deck.text.splitlines() if line.startswith("vw0_1 "))
    start, *_, width = (float(word.rstrip(")")) for word in late.split()[5:9])
    assert start + width + 30e-12 == pytest.approx(24e-9, abs=1e-15)


@pytest.mark.parametrize(
    ("name", "axes", "message"),
    [
        ("transfer", {"read_s": (16e-9,)}, "axis read_s: 1.6e-08 s; a read pulse is 0 or between"),
        ("transfer", {"read_s": (1e-11,)}, "axis read_s: 1e-11 s"),
        (
            "burst",
            {"cells_on": (8.5,)},
            "axis cells_on: 8.5 cells for 1.22e-08 s each; expected a whole number from 1 to 64",
        ),
        ("burst", {"cells_on": (65.0,)}, "axis cells_on: 65 cells"),
        ("burst", {"cells_on": (4.0,)}, "axis cells_on: 4 cells for 2.6e-08 s each; .* pulses of at most 1.5e-08 s"),
        ("burst", {"stagger": (0.5,), "cells_on": (24.0,)}, "axis stagger: 0.5; expected 0, or 1"),
        (
            "burst",
            {"cells_on": (60.0,), "cell_time_s": (-52e-9,)},
            "a whole number from 1 to 52 and .* at most 6.6e-09",
        ),
        (
            "burst",
            {"stagger": (1.0,), "cells_on": (24.0,), "cell_time_s": (-52e-9,)},
            "axis stagger: 1; expected 0, or 1 where",
        ),
        ("settling", {"wait_s": (13e-9,)}, "axis wait_s: 1.3e-08 s; expected more than 0 and at most 1.23e-08"),
    ],
)
def test_stimuli_that_do_not_fit_are_refused(name: str, axes: dict[str, tuple[float, ...]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        testbench(f"charge_to_pulse.{name}").deck(Setting(axes=axes))


def test_a_burst_of_sources_is_followed_by_sinks_that_lift_the_output() -> None:
    bench = testbench("charge_to_pulse.burst")
    deck = bench.deck(Setting(axes={"cells_on": (26.0,), "cell_time_s": (-52e-9,)}))
    lines = {line.split()[0]: line for line in deck.text.splitlines()}
    assert lines["xa0_0"].endswith("m=26")
    assert ".ic v(sa0_0)=0.0" in deck.text.splitlines()
    assert lines["xa0_1"].endswith("m=12")
    assert ".ic v(sa0_1)=0.9" in deck.text.splitlines()


def test_noise_is_drawn_from_its_seed_and_only_for_the_source_asked_for() -> None:
    bench = testbench("charge_to_pulse.noise")

    def noise(**axes: tuple[float, ...]) -> dict[str, str]:
        asked = Setting(axes={"copy": (3.0,), **axes})
        lines = bench.deck(asked).text.splitlines()
        return {line.split()[0]: line for line in lines if line.startswith(("vn", "bn"))}

    everything, amplifier = noise(), noise(source=(1.0,))
    assert set(amplifier) == {"vnamplifier1", "bnamplifier1"} < set(everything)
    assert amplifier["vnamplifier1"] == everything["vnamplifier1"] != everything["vncomparator1"].replace("amp", "comp")
    assert noise(draw=(1.0,))["vnamplifier1"] != everything["vnamplifier1"]
    assert noise(copy=(0.0, 3.0))["vnamplifier2"].split()[4:] == everything["vnamplifier1"].split()[4:]
    samples = [float(word.rstrip(")")) for word in everything["vnamplifier1"].split()[4::2]]
    assert len(samples) > 800
    assert np.std(samples) == pytest.approx(1, abs=0.1)
    with pytest.raises(InputError, match=r"axis source: 5; expected 0 \(all\) to 4: amplifier"):
        noise(source=(5.0,))


def test_noise_is_counted_from_the_column_without_it() -> None:
    bench = testbench("charge_to_pulse.noise")
    rows = bench.measure(Setting(axes={"copy": (0.0, 1.0)}), transfer_waveforms([2e-9, 2.1e-9, 1.8e-9]))
    assert [row["shift_s"] for row in rows] == pytest.approx([0.1e-9, -0.2e-9], rel=1e-6)


def test_a_parameter_out_of_range_is_refused_with_the_range() -> None:
    with pytest.raises(InputError, match=r"charge_to_pulse.wamp: 50 um is outside 100 nm to 20 um"):
        testbench("charge_to_pulse.transfer").deck(Setting(parameters={"charge_to_pulse.wamp": 50e-6}))
    with pytest.raises(InputError, match=r"charge_to_pulse\.wampp"):
        testbench("charge_to_pulse.transfer").deck(Setting(parameters={"charge_to_pulse.wampp": 1e-6}))


def test_a_column_has_all_its_rows_and_no_more() -> None:
    cell = tile.values(Setting())[1]
    lines = converter.column(0, [Group(10, 0.9, 1e-9, 2e-9), Group(20, 0.0, 1e-9, 2e-9)], cell, VDD)
    on_line = [line for line in lines if line.split()[0].startswith(("xa0", "xi0"))]
    assert sum(int(line.rpartition("m=")[2]) for line in on_line) == converter.ROWS
    with pytest.raises(InputError, match="65 cells on a bit line of 64 rows"):
        converter.column(0, [Group(65, 0.9, 1e-9, 2e-9)], cell, VDD)

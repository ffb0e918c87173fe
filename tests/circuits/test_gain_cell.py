"""The gain cell's decks and measurements, without a simulator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaincell_char.circuits.testbench import Setting, circuit, testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.check import check
from gaincell_char.spice.types import FailureKind, SimulationFailure, Waveforms

OUTER = {"pulse": {"pulse_s": (5e-9,)}, "write": {"pulse_s": (2e-9,)}, "read_disturb": {"v_level_V": (0.9,)}}
BENCHES = [pytest.param(bench, id=bench.name) for bench in circuit("gain_cell").testbenches]


def setting(bench, **changes) -> Setting:
    return replace(Setting(axes=OUTER.get(bench.name, {})), **changes)


@pytest.mark.parametrize("bench", BENCHES)
def test_a_deck_is_a_pure_function_of_its_setting_and_passes_the_check(bench) -> None:
    deck = bench.deck(setting(bench))
    assert deck == bench.deck(setting(bench))
    check(deck)
    assert len(set(deck.vectors)) == len(deck.vectors)
    assert "np." not in deck.text


@pytest.mark.parametrize("bench", BENCHES)
@pytest.mark.parametrize(
    "changes",
    [{"corner": "ss"}, {"temperature_C": 85.0}, {"vdd_V": 0.945}, {"numerics": {"gmin": 1e-19}}]
    + [
        {"parameters": {f"gain_cell.{name}": value}}
        for name, value in (("wn", 2e-7), ("lwr", 3e-7), ("storage_F", 5e-15))
    ],
)
def test_everything_that_matters_is_in_the_deck(bench, changes) -> None:
    assert bench.deck(setting(bench, **changes)).text != bench.deck(setting(bench)).text


def test_every_size_of_the_netlist_is_a_parameter_with_the_netlist_s_default() -> None:
    found = circuit("gain_cell")
    (netlist,) = (file for file in testbench("gain_cell.iv").deck(Setting()).files if file.name == found.netlist)
    lines = netlist.read_text().splitlines()
    header = lines[next(i for i, line in enumerate(lines) if line.startswith(".subckt")) + 1]
    sizes = {name: float(value) for name, value in (word.split("=") for word in header.split()[1:])}
    assert sizes == {each.name.partition(".")[2]: each.default for each in found.parameters if each.name[10:] in sizes}


def test_iv_rows_put_the_stored_voltage_and_the_bit_line_where_they_belong() -> None:
    bench = testbench("gain_cell.iv")
    asked = Setting(axes={"v_store_V": (0.0, 0.45, 0.9), "v_bl_V": (0.4, 0.5)})
    current = np.array([-1.0, 0.0, 1.0, -2.0, 0.5, 3.0])  # the inner source, the stored voltage, runs fastest
    rows = bench.measure(asked, Waveforms("v-sweep", np.array([0.0, 0.45, 0.9] * 2), {"i(vbl)": -current}))
    found = {(row["v_store_V"], row["v_bl_V"]): row["current_A"] for row in rows}
    assert found == {
        (0.0, 0.4): -1.0,
        (0.45, 0.4): 0.0,
        (0.9, 0.4): 1.0,
        (0.0, 0.5): -2.0,
        (0.45, 0.5): 0.5,
        (0.9, 0.5): 3.0,
    }


def test_an_iv_sweep_with_other_points_is_a_failed_measurement() -> None:
    bench = testbench("gain_cell.iv")
    asked = Setting(axes={"v_store_V": (0.0, 0.45, 0.9), "v_bl_V": (0.45,)})
    for scale in ([0.0, 0.45], [0.0, 0.45, 0.8]):
        waves = Waveforms("v-sweep", np.array(scale), {"i(vbl)": np.zeros(len(scale))})
        with pytest.raises(SimulationFailure, match="3 x 1 were asked for") as failure:
            bench.measure(asked, waves)
        assert failure.value.kind is FailureKind.MEASURE_FAILED


def test_pulse_rows_count_charge_into_the_cell_kick_and_disturb() -> None:
    bench = testbench("gain_cell.pulse")
    asked = Setting(axes={"v_store_V": (0.9,), "pulse_s": (5e-9,)})
    time = np.array([0.0, 0.5e-9, 0.51e-9, 5.5e-9, 5.53e-9, 7.1e-9])
    waves = Waveforms("time", time, {
        "i(vb0)": np.array([0.0, 0.0, -1e-6, -1e-6, 0.0, 0.0]),
        "v(s0)": np.array([0.9, 0.9, 0.92, 0.92, 0.899, 0.899]),
    })  # fmt: skip
    (row,) = bench.measure(asked, waves)
    assert row["charge_C"] == pytest.approx(1e-6 * (4.99e-9 + 0.5 * (0.01e-9 + 0.03e-9)))
    assert row["kick_V"] == pytest.approx(0.02)
    assert row["disturb_V"] == pytest.approx(-0.001)


def test_ages_between_time_points_are_no_measurement() -> None:
    bench = testbench("gain_cell.retention")
    asked = Setting(axes={"v_level_V": (0.9,), "age_s": (0.0, 1e-3, 1.0)})
    good = Waveforms("time", np.array([0.0, 1e-3, 1.0]), {"v(s0)": np.array([0.9, 0.89, 0.5])})
    assert [row["v_store_V"] for row in bench.measure(asked, good)] == [0.9, 0.89, 0.5]
    coarse = Waveforms("time", np.array([0.0, 0.5, 1.0]), {"v(s0)": np.array([0.9, 0.7, 0.5])})
    with pytest.raises(SimulationFailure, match=r"age 0\.001 s: the nearest time point is"):
        bench.measure(asked, coarse)


def test_retention_puts_time_points_on_every_age_and_no_two_close_together() -> None:
    deck = testbench("gain_cell.retention").deck(Setting(axes={"age_s": (0.0, 1e-6, 3e-4, 1.0)}))
    words = deck.text.split("pwl(0 0 ")[1].split(")")[0].split()
    times = np.array(words[::2], dtype=float)
    assert {1e-6, 3e-4, 1.0} <= set(times)
    assert np.all(np.diff(times) > 0)
    assert np.max(times[1:] / times[:-1]) <= 10 ** (1 / 16) * 1.001


@pytest.mark.parametrize("ages", [(-1.0, 1.0), (0.0,)])
def test_ages_start_at_0_or_later_and_end_after_it(ages: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match=r"axis age_s: .* ages start at 0 or later and end after it"):
        testbench("gain_cell.retention").deck(Setting(axes={"age_s": ages}))

"""Disturb of a stored level by reads of its own cell and by writes of its neighbors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gaincell_char.circuits.testbench import Setting, testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.check import check
from gaincell_char.spice.types import Waveforms

READ = {"v_level_V": (0.9,), "pulse_s": (15e-9,), "period_s": (20e-9,)}
WRITE = {"on_line_s": (10e-9,), "period_s": (20e-9,)}


@pytest.mark.parametrize(("name", "axes"), [("read_disturb", READ), ("write_disturb", WRITE)])
def test_decks_are_pure_and_pass_the_check(name, axes) -> None:
    bench = testbench(f"gain_cell.{name}")
    deck = bench.deck(Setting(axes=axes))
    assert deck == bench.deck(Setting(axes=axes))
    check(deck)
    assert len(set(deck.vectors)) == len(deck.vectors)


@pytest.mark.parametrize(
    ("name", "axes", "message"),
    [
        ("read_disturb", READ | {"reads": (0.5,)}, "0.5 is not a number of reads"),
        ("read_disturb", READ | {"period_s": (15e-9,)}, "no room for a pulse of 1.5e-08 s"),
        ("write_disturb", WRITE | {"writes": (0.0,)}, "0 is not a number of writes"),
        ("write_disturb", WRITE | {"on_line_s": (20e-9,)}, "no room for 2e-08 s"),
    ],
)
def test_what_cannot_be_counted_is_refused(name, axes, message) -> None:
    with pytest.raises(InputError, match=message):
        testbench(f"gain_cell.{name}").deck(Setting(axes=axes))


def test_the_twin_takes_leakage_out() -> None:
    bench = testbench("gain_cell.read_disturb")
    asked = Setting(axes=READ | {"reads": (1.0, 2.0)})
    time = np.array([0.0, 1e-9, 21e-9, 41e-9])
    waves = Waveforms("time", time, {
        "v(sr)": np.array([0.9, 0.9, 0.898, 0.896]),
        "v(st)": np.array([0.9, 0.9, 0.8995, 0.899]),
    })  # fmt: skip
    rows = bench.measure(asked, waves)
    elapsed = 19.5e-9 / 20e-9
    assert [row["shift_V"] for row in rows] == pytest.approx([-0.0015 * elapsed, -0.0015 * (1 + elapsed)])
    assert [row["leak_V"] for row in rows] == pytest.approx([-0.0005 * elapsed, -0.0005 * (1 + elapsed)])


@pytest.fixture(scope="module")
def reads(characterize):
    levels = (0.0, 0.9)
    asked = [READ | {"v_level_V": (level,), "reads": (1.0, 5.0)} for level in levels]
    return pd.concat([characterize("gain_cell.read_disturb", axes=axes) for axes in asked], ignore_index=True)


@pytest.mark.ngspice
def test_one_read_leaves_what_a_single_pulse_leaves(characterize, reads) -> None:
    single = characterize("gain_cell.pulse", axes={"v_store_V": (0.0, 0.9), "pulse_s": (15e-9,)})
    first = reads[reads["reads"] == 1]["shift_V"].to_numpy()
    assert first == pytest.approx(single["disturb_V"].to_numpy(), rel=0.05)


@pytest.mark.ngspice
def test_more_reads_hardly_add_to_the_first(reads) -> None:
    table = reads.pivot(index="v_level_V", columns="reads", values="shift_V")
    assert np.all((table[5.0] - table[1.0]).abs() / 4 < 10e-9)
    assert np.all(table[1.0].abs() > 1e-4)


@pytest.mark.ngspice
def test_a_cell_in_hold_does_not_see_writes_on_its_bit_line_but_an_open_one_is_overwritten(characterize) -> None:
    rows = characterize("gain_cell.write_disturb", axes=WRITE | {"v_level_V": (0.0, 0.9), "writes": (1.0, 5.0)})
    assert rows["shift_V"].abs().max() < 1e-9
    assert rows["during_V"].abs().max() < 1e-5
    half_selected = characterize(
        "gain_cell.write", axes={"v_level_V": (0.45,), "v_previous_V": (0.9,), "pulse_s": (5e-9,)}
    )
    assert half_selected["v_store_V"].iloc[0] == pytest.approx(0.45, abs=5e-3)

"""Energies of cells, control lines and references: against the cell's current, a capacitor, and a column as a whole."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gaincell_char.behavior import load_model
from gaincell_char.circuits.charge_to_pulse import tile as key_tile
from gaincell_char.circuits.converter import Group
from gaincell_char.circuits.deck import integral
from gaincell_char.circuits.testbench import Setting
from gaincell_char.circuits.tile_energy.lines import line_energy, rest_power
from gaincell_char.spice.types import Waveforms

VDD_V = 0.9
LEVELS_V = np.linspace(0, VDD_V, 8)
MODEL = load_model("cmos28")


def test_a_capacitor_costs_its_charge_times_the_supply_whichever_edge_is_seen() -> None:
    """20 fF on a line that falls from 1.4 V in 30 ps, 5 fF of it behind 0.5 ns: 25 fF x 1.4 V x 1.4 V."""
    time = np.linspace(0, 6e-9, 60001)
    fast = np.where((time > 1e-9) & (time < 1.03e-9), 20e-15 * 1.4 / 30e-12, 0.0)
    slow = np.where(time > 1e-9, 5e-15 * 1.4 / 0.5e-9 * np.exp(-(time - 1e-9) / 0.5e-9), 0.0)
    for sign in (1, -1):
        waveforms = Waveforms("time", time, {"i(vline)": sign * (fast + slow)})
        assert line_energy(waveforms, "vline", 1.4, 1e-9, 1) == pytest.approx(25e-15 * 1.4**2, rel=5e-3)
        assert line_energy(waveforms, "vline", 1.4, 1e-9, 4) == pytest.approx(25e-15 * 1.4**2 / 4, rel=5e-3)


def test_power_at_rest_is_a_mean() -> None:
    time = np.linspace(0, 4e-9, 401)
    waveforms = Waveforms("time", time, {"i(va0)": -1e-5 * np.where(time < 2e-9, 5.0, time / 3e-9)})
    assert rest_power(waveforms, "va0", VDD_V, 3.5e-9) == pytest.approx(0.9 * 1e-5)


@pytest.mark.ngspice
def test_a_cell_takes_its_source_current_from_its_rail(characterize) -> None:
    """Slope over the pulse = supply x the current of its P branch, at the voltage that the kick of a read leaves."""
    slope = np.array(
        [
            characterize("tile_energy.cells", axes={"v_store_V": tuple(LEVELS_V), "pulse_s": (width,)})["rail_J"]
            for width in (3e-9, 13e-9)
        ]
    )
    power = (slope[1] - slope[0]) / 10e-9
    kick = MODEL.cell.pulse_charge.kick_V(LEVELS_V)
    expected = VDD_V * MODEL.array.current.source_A[0](LEVELS_V + kick)
    assert power == pytest.approx(expected, rel=0.02, abs=2e-3 * expected.max())
    assert power[0] > 1e-6  # stored 0 V: it sources about a microampere
    assert abs(power[-1]) < 1e-9  # stored 0.9 V: it sinks, and what it sinks is no energy of its rail


@pytest.mark.ngspice
def test_a_column_of_all_levels_takes_what_its_parts_take(engine, characterize) -> None:
    """64 cells of 8 levels and 8 pulses: rail and converter against cells one by one and the transfer's energy."""
    setting = Setting()
    start = key_tile.read_start(setting)
    widths = 1e-9 * np.array([3, 11, 7, 14, 9, 15, 12, 13])
    counts = (8, 8, 8, 8, 6, 8, 8, 10)
    groups = [Group(*each, start, width) for *each, width in zip(counts, LEVELS_V, widths, strict=True)]
    deck = key_tile.deck("a column of all levels", setting, [groups])
    deck = dataclasses.replace(deck, vectors=(*deck.vectors, "i(vvdd)"))
    waveforms = engine.run(deck, timeout_s=300)
    (column,) = key_tile.readings(setting, waveforms, 1)
    end = float(waveforms.scale[-1])
    # the supply of all cells: those of the column, and of its twin on the held bit line
    rail = -VDD_V * integral(waveforms.scale, waveforms.vectors["i(vvdd)"], 0.0, end, "rail") / 2
    short, long = (
        characterize("tile_energy.cells", axes={"v_store_V": tuple(LEVELS_V), "pulse_s": (width,)})["rail_J"].to_numpy()
        for width in (1e-9, 15e-9)
    )
    cells = np.dot(counts, short + (long - short) * (widths - 1e-9) / 14e-9)
    conversion = float(MODEL.charge_to_pulse.transfer(MODEL.condition).energy_J(column.charge_C))
    assert rail == pytest.approx(cells, rel=0.01)
    assert column.energy_J == pytest.approx(conversion, rel=0.02)
    assert rail > 5e-14  # neither part hides in the other
    assert conversion > 4e-13


@pytest.mark.ngspice
def test_a_reference_costs_a_conversion_of_no_charge(characterize) -> None:
    found = characterize("tile_energy.key", axes={"read_s": (0.0,)}).iloc[0]
    assert found["reference_J"] == pytest.approx(found["energy_J"], rel=0.03)
    assert found["rest_W"] == pytest.approx(found["energy_J"] / 43e-9, rel=0.3)
    assert 5e-15 < found["control_J"] < 5e-14

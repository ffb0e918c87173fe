"""The write driver: decks, settling, levels and energies."""

from __future__ import annotations

from dataclasses import replace

import by_hand
import numpy as np
import pytest

from gaincell_char.circuits.testbench import Setting, circuit, testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.check import check
from gaincell_char.spice.types import FailureKind, SimulationFailure

AXES = {"previous_level": (0.0,), "pulse_s": (5e-9,)}


def test_decks_are_pure_and_pass_the_check() -> None:
    (bench,) = circuit("write_driver").testbenches
    deck = bench.deck(Setting(axes=AXES))
    assert deck == bench.deck(Setting(axes=AXES))
    check(deck)
    for changes in ({"corner": "ff"}, {"vdd_V": 0.945}, {"parameters": {"write_driver.ref_ohm": 10.0}}):
        assert bench.deck(replace(Setting(axes=AXES), **changes)).text != deck.text


@pytest.mark.parametrize("axes", [{"level": (8.0,)}, {"level": (0.5,)}, {"previous_level": (-1.0,)}])
def test_levels_are_those_of_three_bits(axes) -> None:
    with pytest.raises(InputError, match="none of the 8 levels"):
        testbench("write_driver.write").deck(Setting(axes=AXES | axes))


@pytest.mark.ngspice
def test_every_level_reaches_the_line_and_the_cell_keeps_it(characterize) -> None:
    levels = (0.0, 2.0, 5.0, 7.0)
    rows = characterize("write_driver.write", axes=AXES | {"level": levels})
    asked = np.array(levels) / 7 * 0.9
    assert rows["driven_V"].to_numpy() == pytest.approx(asked, abs=1e-3)
    # what is left when the gate has closed is its injected charge: low levels go down, high ones up
    assert np.all(np.sign(rows["error_V"]) == [-1, -1, 1, 1])
    assert rows["error_V"].abs().max() < 10e-3
    assert rows["energy_J"].between(0, 1e-12).all()


@pytest.mark.ngspice
def test_a_line_with_its_reference_settles_like_an_rc(characterize) -> None:
    """With a reference far above the tree's resistance the line is one RC: ln(0.45 V/1 mV) time constants."""
    ohm, cells = 100e3, 64.0
    rows = characterize(
        "write_driver.write",
        axes=AXES | {"level": (0.0,)},
        parameters={"write_driver.ref_ohm": ohm, "write_driver.lead_s": 60e-9, "write_driver.cells": cells},
    )
    more = characterize(
        "write_driver.write",
        axes=AXES | {"level": (0.0,)},
        parameters={"write_driver.ref_ohm": ohm, "write_driver.lead_s": 60e-9, "write_driver.wbl_F": 0.4e-15},
    )
    added = ohm * cells * 0.1e-15
    slower = more["settle_s"].iloc[0] - rows["settle_s"].iloc[0]
    assert slower == pytest.approx(np.log(0.45 / 1e-3) * added, rel=0.15)


@pytest.mark.ngspice
def test_a_cell_that_opens_before_the_line_has_settled_is_a_failed_measurement(characterize) -> None:
    with pytest.raises(SimulationFailure, match="when the write gate opens") as failure:
        characterize("write_driver.write", axes=AXES | {"level": (7.0,)}, parameters={"write_driver.lead_s": 0.5e-9})
    assert failure.value.kind is FailureKind.MEASURE_FAILED


@pytest.mark.ngspice
def test_the_example_by_hand_states_what_it_measures() -> None:
    found = by_hand.measured("write_driver")
    assert by_hand.stated("write_driver") == [
        round(found["driven"], 4),
        round(found["stored"], 4),
        round(found["settled"] * 1e9, 2),
    ]

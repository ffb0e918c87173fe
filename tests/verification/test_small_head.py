"""A head of a few cells through ngspice: the decks work, and cutting and merging changes nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from characterized import STEP_S, characterized

from gaincell_char.circuits.head.case import HeadCase
from gaincell_char.circuits.head.deck import key_deck, whole_deck
from gaincell_char.circuits.head.measure import HeadReading, key_window, read_count, read_head
from gaincell_char.circuits.head.phases import Phases
from gaincell_char.circuits.testbench import Setting
from gaincell_char.spice.batch import BatchEngine
from gaincell_char.spice.types import Deck
from gaincell_char.verification import predict
from gaincell_char.verification.simulate import TIMEOUT_S, HeadDeck, HeadEngine

MODEL = characterized()
WIDTHS_S = tuple(level * 1e-9 for level in range(16))
QUERIES = (15, 15, 9, 9, 12, 0, 4, 15)
KEYS = ((7, 6, 7, 7, 7, 0, 5, 6), (1, 2, 0, 0, 2, 7, 1, 3))


def _case(values: tuple[int, ...]) -> HeadCase:
    return HeadCase(QUERIES, KEYS, values, (7.3e-9, 0.0, 0.0), clock_phase=0.3)


def _run(case: HeadCase, key: Deck | None = None) -> tuple[HeadReading, int, Phases]:
    """Reading, code and timing of `case` in three decks, the first of them `key` where it is given."""
    plain = key or key_deck(Setting(), case, Phases(), WIDTHS_S)
    found = HeadEngine(BatchEngine()).run(HeadDeck(plain.text, plain.vectors, plain.files, Setting(), case, Phases()))
    timed = Phases().after(*key_window(found, 0.9))
    reading = read_head(found, case.columns, timed, 0.9)
    return reading, reading.sign * read_count(found, 0.9), timed


@pytest.mark.ngspice
@pytest.mark.parametrize("values", [(7, 7, 7, 3, 3), (0, 2, 0, 3, 3)])
def test_a_small_head_is_what_its_charges_say(values: tuple[int, ...]) -> None:
    case = _case(values)
    found, code, _ = _run(case)
    assert found.key_pulses_s[1] == 0.0, "a negative charge gives no pulse"
    queries, keys = np.array(QUERIES), np.array([*KEYS, (3,) * 8, (3,) * 8, (3,) * 8])
    relu_s = predict.circuit(MODEL, queries, keys, np.array(values)).relu_pulse_s[0]
    assert found.key_pulses_s[0] == pytest.approx(relu_s, abs=0.1 * STEP_S)
    charge = MODEL.cell.pulse_charge
    assert charge is not None
    stored_V = np.array(values) * 0.9 / 7
    drawn_C = charge.surface(stored_V[0], found.key_pulses_s[0]) + charge.surface(stored_V[2], 7.3e-9)
    full_scale_C = MODEL.signed_charge_to_pulse.full_scale_C
    assert full_scale_C is not None
    assert found.pulse_s == pytest.approx(15e-9 * drawn_C / full_scale_C, abs=0.15 * STEP_S)
    assert code == round(found.pulse_s / STEP_S)


@pytest.mark.ngspice
@pytest.mark.full
@pytest.mark.timeout(1800)
def test_one_deck_gives_what_three_give() -> None:
    case = _case((7, 7, 6, 3, 1))
    cut, code, timed = _run(case)
    found = BatchEngine().run(whole_deck(Setting(), case, timed, WIDTHS_S), TIMEOUT_S)
    whole = read_head(found, case.columns, timed, 0.9)
    assert whole.sign * read_count(found, 0.9) == code
    assert whole.key_pulses_s == pytest.approx(cut.key_pulses_s, abs=0.01 * STEP_S)
    assert whole.pulse_s == pytest.approx(cut.pulse_s, abs=0.01 * STEP_S)
    assert whole.windows_s == pytest.approx(cut.windows_s, abs=10e-12)


@pytest.mark.ngspice
@pytest.mark.full
@pytest.mark.timeout(1800)
def test_a_multiplier_is_that_many_cells() -> None:
    case = _case((7, 7, 6, 3, 3))
    plain = key_deck(Setting(), case, Phases(), WIDTHS_S)
    apart = _apart(plain)
    assert apart.text.count(" gain_cell ") == plain.text.count(" gain_cell ") + 1
    (one, *_), (two, *_) = _run(case), _run(case, apart)
    assert two.key_pulses_s == pytest.approx(one.key_pulses_s, abs=0.005 * STEP_S)
    assert two.pulse_s == pytest.approx(one.pulse_s, abs=0.01 * STEP_S)


def _apart(deck: Deck) -> Deck:
    """The two equal cells of the first key column as two instances with a storage node each."""
    lines = []
    for line in deck.text.splitlines():
        if line.startswith("xk0_9_7 ") and line.endswith(" m=2"):
            single = line.removesuffix(" m=2")
            lines += [single, re.sub(r"\b(x|s)k0_9_7\b", r"\1k0_9_7again", single), ".ic v(sk0_9_7again)=0.9"]
        else:
            lines.append(line)
    return replace(deck, text="\n".join([*lines, ""]))

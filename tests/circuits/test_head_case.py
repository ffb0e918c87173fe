"""A head's case and the polyline that hands its waveforms on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaincell_char.circuits.head.case import HeadCase
from gaincell_char.circuits.head.deck import key_deck, kinks, stored_V, whole_deck
from gaincell_char.circuits.head.phases import Phases
from gaincell_char.circuits.testbench import Setting
from gaincell_char.errors import InputError
from gaincell_char.spice.check import check

CASE = HeadCase((0, 3, 3, 15), ((0, 7, 7, 2), (1, 1, 1, 1)), (5, 2, 7, 7, 0), (0.0, 0.0, 4e-9))
WIDTHS_S = tuple(level * 1e-9 for level in range(16))


@pytest.mark.parametrize(
    "change",
    [
        {"queries": (0, 3, 3, 16)},
        {"queries": (0, 3, 3)},
        {"keys": ((0, 7, 7, 8), (1, 1, 1, 1))},
        {"keys": ()},
        {"values": (5, 2, 7, 7)},
        {"pulses_s": (0.0, 0.0, -1e-12)},
        {"pulses_s": (0.0, 0.0, float("nan"))},
    ],
)
def test_a_case_that_cannot_be_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InputError):
        dataclasses.replace(CASE, **change)  # type: ignore[arg-type]


def test_every_cell_is_in_the_deck_once() -> None:
    deck = whole_deck(Setting(), CASE, Phases(), WIDTHS_S)
    cells = [line.split() for line in deck.text.splitlines() if line.startswith("x") and " gain_cell " in line]

    def on(bit_line: str) -> int:
        return sum(
            int(dict(w.split("=") for w in words if "=" in w).get("m", 1)) for words in cells if words[7] == bit_line
        )

    assert (on("kbl0"), on("kbl1"), on("vbl")) == (4, 4, 5)
    twins = [words for words in cells if words[0] == "xk0_3_7"]
    assert len(twins) == 1
    assert twins[0][-1] == "m=2"
    idle = [words for words in cells if words[0] == "xvidle_7"]
    assert idle[0][5:7] == ["0", "vdd"]
    assert idle[0][-1] == "m=2"


def test_the_decks_pass_the_check() -> None:
    for make in (key_deck, whole_deck):
        check(make(Setting(), CASE, Phases(), WIDTHS_S))


def test_stored_levels_follow_the_supply() -> None:
    assert stored_V(7, 0.9) == pytest.approx(0.9)
    assert stored_V(7, 0.855) == pytest.approx(0.855)
    deck = key_deck(Setting(vdd_V=0.855), CASE, Phases(), WIDTHS_S)
    assert ".ic v(sk0_3_7)=0.855" in deck.text


@pytest.mark.parametrize("opened_s", [20.2e-9, 21.6e-9, 30.4e-9])
def test_the_timing_plan_is_in_order(opened_s: float) -> None:
    at = Phases().after(opened_s, opened_s + Phases().key_window_s)
    order = [
        at.key_reset_s, at.read_s, at.read_s + at.key_window_s, at.key_enable_s, at.key_listen_s, at.value_reset_s,
        at.value_read_s, at.value_read_s + at.key_window_s, at.latch_s, at.value_enable_s, at.value_listen_s, at.end_s,
    ]  # fmt: skip
    assert order == sorted(order)
    assert at.end_s - at.value_enable_s > at.latest_s
    assert [stop for _, _, stop in at.named()[:-1]] == [start for _, start, _ in at.named()[1:]]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=2, max_size=60))
def test_kinks_stay_within_two_millivolts(values: list[float]) -> None:
    time = np.cumsum(np.linspace(1, 2, len(values))) * 1e-12
    points = np.array(kinks(time, np.array(values)))
    assert np.abs(np.interp(time, points[:, 0], points[:, 1]) - values).max() <= 2e-3 * (1 + 1e-9)
    assert points[0, 0] == time[0]
    assert points[-1, 0] == time[-1]


def test_a_straight_waveform_has_no_kinks() -> None:
    time = np.linspace(0, 1e-9, 500)
    assert len(kinks(time, 0.9 * time / 1e-9)) == 2

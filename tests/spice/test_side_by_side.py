"""Several decks as one: names, what is shared, what is refused; and ngspice says that they do not couple."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaincell_char.errors import InputError
from gaincell_char.spice.batch import BatchEngine
from gaincell_char.spice.check import check
from gaincell_char.spice.side_by_side import SharedDeck, share, split
from gaincell_char.spice.types import Deck, Waveforms

STEP = "vin in 0 pulse(0 1 1u 1n 1n 1 2)"
SUBCIRCUIT = ".subckt low a b r=1k\nr1 a m {r/2}\nr2 m b {r/2}\n.ends low"


def low_pass(r: float, *more: str, step: str = STEP, analysis: str = ".tran 10n 5u 0 10n") -> Deck:
    """R C driven by a step at 1 us; `i(vc)` charges the capacitor."""
    lines = ["* low pass", SUBCIRCUIT, step, f"x1 in out low r={r!r}", "vc out top 0", "c1 top 0 1n", *more]
    return Deck("\n".join([*lines, ".ic v(top)=0", analysis, ".end", ""]), ("v(out)", "i(vc)", "v(x1.m)"))


def elements(deck: Deck) -> list[list[str]]:
    return [line.split() for line in deck.text.splitlines() if line[0] in "vxrc" and " " in line]


def test_each_circuit_has_names_of_its_own_and_the_source_they_share_stands_once() -> None:
    shared = share([low_pass(1e3), low_pass(2e3), low_pass(3e3)])
    check(shared)
    outside = shared.text.partition(".ends low")[2]
    assert outside.count("vin in 0 pulse") == 1
    assert shared.text.count(".subckt low") == shared.text.count(".tran") == 1
    for number, r in enumerate(("1000.0", "2000.0", "3000.0")):
        assert f"x1__{number} in out__{number} low r={r}\n" in outside
        assert f"vc__{number} out__{number} top__{number} 0\n" in outside
        assert f".ic v(top__{number})=0\n" in outside
    assert shared.names[1] == {"v(out)": "v(out__1)", "i(vc)": "i(vc__1)", "v(x1.m)": "v(x1__1.m)"}
    assert shared.vectors == tuple(name for each in shared.names for name in each.values())
    assert f".save {' '.join(shared.vectors)}\n" in outside


def test_a_source_is_shared_only_where_it_is_the_same_and_nobody_asks_for_its_current() -> None:
    other = low_pass(2e3, step=STEP.replace("0 1 1u", "0 2 1u"))
    assert share([low_pass(1e3), other]).text.count("\nvin__") == 2
    asked = [Deck(each.text, (*each.vectors, "i(vin)")) for each in (low_pass(1e3), low_pass(2e3))]
    shared = share(asked)
    assert shared.text.count("\nvin__") == 2
    assert shared.names[0]["i(vin)"] == "i(vin__0)"


def test_waveforms_come_back_under_the_names_that_were_asked_for() -> None:
    shared = share([low_pass(1e3), low_pass(2e3)])
    time = np.linspace(0, 1, 3)
    values = {name: np.full(3, float(number)) for number, name in enumerate(shared.vectors)}
    first, second = split(shared, Waveforms("time", time, values, ("note",)))
    assert list(first.vectors) == list(second.vectors) == ["v(out)", "i(vc)", "v(x1.m)"]
    assert [float(each.vectors["i(vc)"][0]) for each in (first, second)] == [1.0, 4.0]
    assert second.scale is time
    assert second.notes == ("note",)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (low_pass(1e3, analysis=".tran 10n 6u 0 10n"), "differ in more than their elements"),
        (low_pass(1e3, ".options reltol=1e-4"), "differ in more than their elements"),
        (low_pass(1e3, "m1 a b c d nfet"), "an element whose names are not known here"),
        (low_pass(1e3, "c2 top 0 {1n*v(out)}"), "an element whose names are not known here"),
        (low_pass(1e3, "c2 top__1 0 1n"), "'top__1': a name with '__'"),
        (low_pass(1e3, "c2 top 0", "+ 1n"), "not in a deck that shares a simulation"),
        (low_pass(1e3, ".save v(out)"), "not in a deck that shares a simulation"),
        (low_pass(1e3, ".global out"), "not in a deck that shares a simulation"),
        (Deck(low_pass(1e3).text, ("@c1[i]",)), "a vector of another kind"),
    ],
)
def test_what_could_couple_or_be_misnamed_is_refused(second: Deck, message: str) -> None:
    with pytest.raises(InputError, match=message):
        share([low_pass(1e3), second])


def test_a_swept_source_must_be_one_that_all_have() -> None:
    decks = [low_pass(r, step="vin in 0 0", analysis=".dc vin 0 1 0.1") for r in (1e3, 2e3)]
    assert "\n.dc vin 0 1 0.1\n" in share(decks).text
    with pytest.raises(InputError, match="vin is no source that all decks have in common"):
        share([Deck(each.text, ("i(vin)",)) for each in decks])


NODE = st.from_regex(r"[a-fh-z][a-z0-9]{0,5}", fullmatch=True)


@given(st.lists(NODE, min_size=2, max_size=8, unique=True))
def test_no_two_circuits_have_a_node_or_an_element_in_common(nodes: list[str]) -> None:
    lines = [f"r{number} {a} {b} 1k" for number, (a, b) in enumerate(itertools.pairwise(nodes))]
    deck = Deck("\n".join(["* chain", *lines, ".tran 1n 1u", ".end"]), (f"v({nodes[0]})",))
    found = elements(share([deck, deck, deck]))
    names = [words[0] for words in found]
    assert len(set(names)) == len(names) == 3 * len(lines)
    assert {node for words in found for node in words[1:3]} == {
        f"{node}__{part}" for node in nodes for part in range(3)
    }
    for name, *ends in (words[:3] for words in found):
        assert {each.partition("__")[2] for each in ends} == {name.partition("__")[2]}


@pytest.mark.ngspice
def test_circuits_side_by_side_do_what_each_does_alone_and_feel_nothing_of_each_other() -> None:
    heavy = low_pass(1e3, "rload in 0 1m")  # 1 kA from the source that all share
    shared = share([low_pass(1e3), heavy, low_pass(3e3)])
    assert isinstance(shared, SharedDeck)
    engine = BatchEngine()
    for r, own in zip((1e3, 1e3, 3e3), split(shared, engine.run(shared)), strict=True):
        after = own.scale > 1.01e-6
        wanted = 1 - np.exp(-(own.scale[after] - 1e-6) / (r * 1e-9))
        assert np.abs(own.vectors["v(out)"][after] - wanted).max() < 2e-3
        current = (1 - own.vectors["v(out)"][after]) / r
        assert np.abs(own.vectors["i(vc)"][after] - current).max() < 1e-6 * current.max()

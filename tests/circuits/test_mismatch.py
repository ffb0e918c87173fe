"""Mismatch: draws follow from seed, sample and device; the deck of a sample holds them, and ngspice honors them."""

from __future__ import annotations

import dataclasses
import math
import re
from pathlib import Path

import numpy as np
import pytest

from gaincell_char.circuits.mismatch import draw, vary
from gaincell_char.circuits.testbench import Mismatch, Setting, Testbench, testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.engine import open_engine
from gaincell_char.spice.types import Deck
from gaincell_char.technology import technology

IV = testbench("gain_cell.iv")
CELL = Setting(axes={"v_store_V": (0.3, 0.4, 0.5), "v_bl_V": (0.45,)})
CARD = technology("cmos28").card


def sample(number: int | None, seed: int = 1, **changes: object) -> Setting:
    return dataclasses.replace(CELL, sample=number, seed=seed, **changes)  # type: ignore[arg-type]


def test_a_draw_depends_on_nothing_but_seed_sample_and_device() -> None:
    first = draw(7, 3, "x1.m1")
    draw(7, 4, "x1.m2")
    assert draw(7, 3, "X1.M1") == first
    others = {draw(8, 3, "x1.m1"), draw(7, 4, "x1.m1"), draw(7, 3, "x1.m2"), first}
    assert len(others) == 4


def test_draws_are_standard_normal_and_independent() -> None:
    z = np.array([[*draw(1, number, "a.m1"), *draw(1, number, "a.m2")] for number in range(4000)])
    assert np.abs(z.mean(axis=0)).max() < 4 / math.sqrt(4000)
    assert np.abs(z.std(axis=0) - 1).max() < 4 / math.sqrt(8000)
    assert np.abs(np.corrcoef(z.T) - np.eye(4)).max() < 4 / math.sqrt(4000)


def test_without_a_sample_the_deck_is_the_testbench_s_own() -> None:
    assert vary(IV, sample(None)) == IV.deck(CELL)


def test_a_sample_is_replayed_by_its_number_and_seed_alone() -> None:
    wide = {"gain_cell.wn": 160e-9}
    assert vary(IV, sample(3)) == vary(IV, sample(3))
    assert shifts(vary(IV, sample(3))) == shifts(vary(IV, sample(3, corner="ss", parameters=wide)))
    assert len({tuple(shifts(vary(IV, s))) for s in (sample(3), sample(4), sample(3, seed=2))}) == 3


def shifts(deck: Deck) -> list[str]:
    """The numerators, in V m, before the division by the root of the area."""
    return re.findall(r"delvto=\{([^/]+)/", deck.text)


def test_every_transistor_of_the_cell_varies_by_its_own_area() -> None:
    text = vary(IV, sample(0)).text
    assert len(shifts(vary(IV, sample(0)))) == 6
    assert re.search(
        r"\nmrn .* delvto=\{\S+/sqrt\(\(wn\)\*\(lrn\)\)\} mulu0=\{1\+\S+/sqrt\(\(wn\)\*\(lrn\)\)\}\n", text
    )


def test_copies_of_one_device_under_test_have_the_same_devices() -> None:
    pulse = testbench("gain_cell.pulse")
    asked = Setting(axes={"v_store_V": (0.0, 0.9), "pulse_s": (5e-9,)}, sample=2, seed=1)
    text = vary(pulse, asked).text
    assert text.count(".subckt gain_cell__dut ") == 1
    assert len(re.findall(r"\nx\d .* gain_cell__dut ", text)) == 2
    assert shifts(vary(pulse, asked)) == shifts(vary(IV, sample(2)))


def bench_of(lines: list[str], mismatch: Mismatch | None, vectors: tuple[str, ...] = ("i(v1)",)) -> Testbench:
    text = "\n".join(["mismatch", f".lib '{CARD}' tt", *lines, ".op", ".end", ""])
    return dataclasses.replace(IV, deck=lambda _: Deck(text, vectors, (CARD,)), mismatch=mismatch)


NESTED = [
    "v1 d 0 0.9",
    "v2 e 0 0.9",
    "vg g 0 0.5",
    "x1 d g outer wide=2u",
    "x2 e g outer wide=2u",
    ".subckt outer d g wide=1u",
    "xa d g pair wide={wide}",
    "xb d g pair wide={2*wide}",
    ".ends outer",
    ".subckt pair d g wide=1u",
    "m1 d g 0 0 nfet w={wide} l=100n m=2",
    "m2 d g 0 0 nfet w=1u l='3*50n'",
    ".ends pair",
]


def test_nested_instances_have_devices_of_their_own() -> None:
    text = vary(bench_of(NESTED, Mismatch(r"x\d")), sample(0)).text
    assert {line.split()[1] for line in text.splitlines() if line.startswith(".subckt") and "__" in line} == {
        "outer__x1", "pair__x1_xa", "pair__x1_xb", "outer__x2", "pair__x2_xa", "pair__x2_xb",
    }  # fmt: skip
    found = shifts(vary(bench_of(NESTED, Mismatch(r"x\d")), sample(0)))
    assert len(set(found)) == len(found) == 8
    assert "sqrt((wide)*(100n)*(2))" in text
    assert "sqrt((1u)*(3*50n))" in text
    only_one = vary(bench_of(NESTED, Mismatch("x2")), sample(0))
    assert shifts(only_one) == found[4:]
    assert "\nx1 d g outer wide=2u\n" in only_one.text


@pytest.mark.ngspice
@pytest.mark.parametrize(("model", "sign"), [("nfet", 1), ("pfet", -1), ("nfet_thick", 1), ("pfet_thick", -1)])
def test_ngspice_moves_the_device_as_drawn(model: str, sign: int) -> None:
    """A drawn threshold does what a source in series with the gate does, and a drawn factor scales the current. There
    is a difference of up to 10 % of the shift: BSIM4's mobility depends on the threshold too."""
    device = [f"v1 d 0 {0.9 * sign}", f"vg g 0 {0.5 * sign}", "x1 d g one", ".subckt one d g"]
    last = [f"m1 d g 0 0 {model} w=1u l=0.2u", ".ends one"]
    bench = bench_of([*device, *last], Mismatch("x1"))
    z_threshold, z_factor = draw(1, 5, "x1.m1")
    coefficients = technology("cmos28").mismatch[model]
    area_m = math.sqrt(1e-6 * 0.2e-6)
    shift, factor = z_threshold * coefficients.vth_Vm / area_m, 1 + z_factor * coefficients.beta_m / area_m
    in_series = [device[0], f"vg g 0 {0.5 * sign - shift!r}", *device[2:], last[0] + f" mulu0={factor!r}", last[1]]
    with_engine = open_engine("batch")
    nominal, varied, moved = (
        with_engine.run(vary(each, setting)).vectors["i(v1)"][0]
        for each, setting in (
            (bench, sample(None)),
            (bench, sample(5)),
            (bench_of(in_series, None), sample(None)),
        )
    )
    assert abs(shift) > 1e-3
    assert varied / nominal - 1 == pytest.approx(moved / nominal - 1, rel=0.12)
    assert abs(varied / nominal - 1) > 0.01


@pytest.mark.ngspice
def test_a_sample_of_shift_zero_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_engine("batch")
    nominal = engine.run(IV.deck(CELL)).vectors["i(vbl)"]
    monkeypatch.setattr("gaincell_char.circuits.mismatch.draw", lambda *_: (0.0, 0.0))
    zero = vary(IV, sample(0))
    assert "delvto" in zero.text
    np.testing.assert_array_equal(engine.run(zero).vectors["i(vbl)"], nominal)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["x1 d g one m=2", ".subckt one d g", "m1 d g 0 0 nfet w=1u l=1u", ".ends"], "x1 has a multiplier m"),
        (["x1 d g one", ".subckt one d g", "m1 d g 0 0 nfet l=1u", ".ends"], "x1.m1 has no w="),
        (["x1 d g one", ".subckt one d g", "m1 d g 0 0 fast w=1u l=1u", ".ends"], "is a 'fast', without mismatch"),
        (["x1 d g one", ".subckt one d g", "m1 d g 0 0 nfet w=1u l=1u delvto=0.1", ".ends"], "sets delvto itself"),
        (["x1 d g one", ".subckt one d g", "r1 d g 1k", ".ends"], "no transistor in an instance like 'x1'"),
        (["x1 d g two"], "deck:.*: the subcircuit two is not defined"),
    ],
)  # fmt: skip
def test_what_cannot_vary_is_refused_with_its_line(lines: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        vary(bench_of(lines, Mismatch("x1")), sample(0))


def test_a_testbench_and_a_technology_without_mismatch_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="does not say which devices vary"):
        vary(dataclasses.replace(IV, mismatch=None), sample(0))
    bare = dataclasses.replace(technology("cmos28"), mismatch={})
    monkeypatch.setattr("gaincell_char.circuits.mismatch.technology", lambda _: bare)
    with pytest.raises(InputError, match="no mismatch coefficients are known"):
        vary(IV, sample(0))


def test_the_card_has_coefficients_for_each_of_its_devices() -> None:
    models = set(re.findall(r"(?m)^\.model (\w+) [np]mos", Path(CARD).read_text()))
    known = technology("cmos28").mismatch
    assert models == set(known)
    assert known["nfet_thick"].vth_Vm == 2 * known["nfet"].vth_Vm

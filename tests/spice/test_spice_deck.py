"""Decks say what was meant: in every locale, for every path, and nothing else."""

from __future__ import annotations

import locale
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaincell_char.errors import InputError
from gaincell_char.spice.deck import assignments, build, identifier, include, library, number, options
from gaincell_char.spice.netlist import included_files, statements


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_back_exactly(value: float) -> None:
    assert float(number(value)) == value
    assert number(np.float64(value)) == number(value)  # NumPy's own repr is no number to ngspice


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "1e-9", "1\nshell rm", True, b"1"])
def test_what_is_no_finite_number_is_refused(value: object) -> None:
    with pytest.raises(InputError):
        number(value)  # type: ignore[arg-type]


@given(st.text())
def test_no_name_smuggles_a_line(name: str) -> None:
    try:
        accepted = identifier(name)
    except InputError:
        return
    assert accepted == name
    assert accepted.isascii()
    assert not set(accepted) & set(" \n\r\t;=.{}'\"$*")


def test_a_line_end_in_a_line_is_refused() -> None:
    with pytest.raises(InputError, match="line end"):
        build("t", ["r1 a 0 1e3\n.control\nshell echo pwned\n.endc"], ".op", ["v(a)"])
    with pytest.raises(InputError, match="line end"):
        build("t\r.control", ["r1 a 0 1e3"], ".op", ["v(a)"])


def test_an_unknown_option_is_refused_with_the_nearest() -> None:
    assert options({"gmin": 1e-18, "method": "gear"}) == ".options gmin=1e-18 method=gear"
    with pytest.raises(InputError, match="did you mean reltol"):
        options({"retol": 1e-4})


def test_assignments() -> None:
    assert assignments({"wn": 200e-9, "wp": np.float64(1e-7)}) == "wn=2e-07 wp=1e-07"


def test_a_deck_has_title_save_analysis_end() -> None:
    deck = build("divider", ["v1 a 0 1"], ".op", ["V(a)", "v(A)", "i(v1)"])
    assert deck.text == "divider\nv1 a 0 1\n.save v(a) i(v1)\n.op\n.end\n"
    assert deck.vectors == ("v(a)", "i(v1)")


def test_the_same_deck_where_the_decimal_point_is_a_comma() -> None:
    def text() -> str:
        return build("t", [f"v1 a 0 {number(0.45)}", options({"gmin": 1e-18})], ".op", ["v(a)"]).text

    before = text()
    saved = locale.setlocale(locale.LC_NUMERIC)
    try:
        for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"):
            try:
                locale.setlocale(locale.LC_NUMERIC, name)
            except locale.Error:
                continue
            assert text() == before
    finally:
        locale.setlocale(locale.LC_NUMERIC, saved)


def test_every_file_read_is_listed_however_deep(tmp_path: Path) -> None:
    (tmp_path / "cards").mkdir()
    inner, middle, outer = tmp_path / "cards" / "inner.lib", tmp_path / "cards" / "middle.lib", tmp_path / "outer.lib"
    inner.write_text("* nothing\n")
    middle.write_text("r1 a 0 1\n.INCLUDE 'inner.lib'\n")
    outer.write_text(".lib tt\n.inc cards/middle.lib\n.endl tt\n* .include no_such_file\n")
    deck = build("t", [library(outer, "tt"), "v1 a 0 1"], ".op", ["v(a)"])
    assert deck.files == (outer, middle, inner)
    middle.write_text("r1 a 0 2\n")
    assert included_files(deck.text) == (outer, middle)


def test_a_missing_or_relative_include_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"deck:3: no file .*nowhere\.lib"):
        included_files(f"t\nr1 a 0 1\n.include {tmp_path}/nowhere.lib\n.op\n.end\n")
    with pytest.raises(InputError, match="absolute"):
        included_files("t\n.include relative.lib\n.op\n.end\n")
    with pytest.raises(InputError, match="quotes"):
        include(tmp_path / 'a"b.lib')
    with pytest.raises(InputError, match="blanks"):
        library(tmp_path / "a b.lib", "tt")


def test_statements_join_lines_and_drop_comments() -> None:
    text = "title\n* comment\nr1 a 0\n* between\n+ 1k ; trailing\n\nv1 a 0 1 $ also\n"
    assert [(found.text, found.line) for found in statements(text)] == [("r1 a 0 1k", 3), ("v1 a 0 1", 7)]

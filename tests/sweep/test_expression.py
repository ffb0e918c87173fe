"""Expressions in a spec: what they mean, and that nothing but arithmetic can be written."""

from __future__ import annotations

import contextlib
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaincell_char.errors import InputError
from gaincell_char.sweep.expression import parse_expression

VALUES = {"a.w": 2e-7, "b": 3.0, "corner": "ss", "x": np.array([1.0, 4.0, 9.0])}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a.w <= 200n", True),
        ("a.w <= 200e-9 and a.w > 1.99e-7", True),
        ("100n < a.w < 150n", False),
        ("b * 2 - 1 == 5", True),
        ("not (b > 2 and corner == 'tt')", True),
        ("corner != 'tt' or b > 5", True),
        ("-b + 4 / 2", -1.0),
        ("max(b, 5) - min(b, 1) + abs(-2) + log10(100)", 8.0),
        ("b / 0 > 1", True),
        ("(b - b) / 0 > 1", False),
    ],
)
def test_it_means_what_it_says(text: str, wanted: object) -> None:
    assert parse_expression(text)(VALUES) == wanted


def test_arrays_are_taken_point_by_point() -> None:
    np.testing.assert_array_equal(parse_expression("sqrt(x) > 1 and x < 9")(VALUES), [False, True, False])
    np.testing.assert_array_equal(parse_expression("x / b")(VALUES), np.array([1, 4, 9]) / 3)


def test_the_names_it_reads() -> None:
    assert parse_expression("a.w * 2 + abs(b) > 1u").names == {"a.w", "b"}
    with pytest.raises(InputError, match="filters: unknown name 'b'"):
        parse_expression("a.w > b").require({"a.w": 1}, "filters")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')", "(lambda: 1)()", "a.b.c > 1", "x[0]", "[1, 2]", "b ** 9", "b if b else 1",
        "open('f')", "abs(b, b)", "abs(x=1)", "'a' * 1000000000", "corner + 'a'", "b >", "", "a; b", "b := 1", "b in x",
        "True and b", "1j", "b" + " + b" * 1000, "(" * 400, "5M", "b > 3V",
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_one_line(text: str) -> None:
    started = time.monotonic()
    with pytest.raises(InputError) as caught:
        parse_expression(text)
    assert "\n" not in str(caught.value)
    assert time.monotonic() - started < 1


@given(st.text(alphabet="ab.12+-*/<>=() 'andortmin,uM", max_size=40))
def test_any_text_is_an_expression_or_an_input_error(text: str) -> None:
    with contextlib.suppress(InputError):
        parse_expression(text)

"""SI numbers: every spelling means one float, and what could mean two is refused."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaincell_char.errors import InputError
from gaincell_char.units import SUFFIXES, format_si, parse_si

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(finite)
def test_a_float_is_read_back_as_it_was(value: float) -> None:
    assert parse_si(value) == value
    assert parse_si(repr(value)) == value


@given(st.floats(-1e6, 1e6), st.sampled_from(sorted(SUFFIXES)), st.sampled_from(["", " "]))
def test_a_suffix_scales_exactly(value: float, suffix: str, blank: str) -> None:
    exact = Decimal(repr(value)) * Decimal(10) ** SUFFIXES[suffix]
    assert parse_si(f"{value!r}{blank}{suffix}") == float(exact)


@pytest.mark.parametrize(
    ("text", "value"),
    [("200n", 200e-9), ("0.9", 0.9), (".5u", 0.5e-6), ("5.", 5.0), ("5 m", 5e-3), ("1Meg", 1e6), ("-3k", -3e3),
     ("1e3n", 1e-6), ("+1.5E-9", 1.5e-9), ("2µ", 2e-6), ("2μ", 2e-6), ("010", 10.0), ("10a", 10e-18)],
)  # fmt: skip
def test_what_people_write(text: str, value: float) -> None:
    assert parse_si(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "n",
        "1n2",
        "1  n",
        "1\n",
        "80n\n.control",
        "0x10",
        "1_000",
        "1,5",
        "nan",
        "inf",
        "-inf",
        "--1",
        "٣",
        "1:30",
        "9" * 65,
    ],
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(InputError, match="is not a number"):
        parse_si(text)


@pytest.mark.parametrize("value", [True, None, [1], {}, b"1", 1j])
def test_what_is_no_number_of_python(value: object) -> None:
    with pytest.raises(InputError, match="is not a number"):
        parse_si(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "1e999", "9e307T", 10**400])
def test_what_is_not_finite(value: object) -> None:
    with pytest.raises(InputError, match="not finite"):
        parse_si(value)


def test_both_readings_of_a_bare_m_are_shown() -> None:
    with pytest.raises(InputError) as caught:
        parse_si("1M", "--set gain_cell.wn")
    assert str(caught.value) == (
        "--set gain_cell.wn: '1M' is ambiguous: SPICE reads 1 milli, others 1 mega; write 1m or 1Meg"
    )


@pytest.mark.parametrize("text", ["1F", "0.9V", "5mV", "1MEG", "1meg", "80nm", "1K", "1e"])
def test_unit_letters_and_other_cases_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="unknown suffix"):
        parse_si(text)


@given(st.floats(1e-18, 9e14), st.booleans())
def test_what_people_are_shown_is_the_number(value: float, negative: bool) -> None:
    value = -value if negative else value
    shown = format_si(value)
    assert parse_si(shown.replace("M", "Meg")) == pytest.approx(value, rel=5.1e-4)
    assert len(shown) <= 12


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [(0.0, "V", "0 V"), (1.2e-6, "A", "1.2 uA"), (-0.9, "V", "-900 mV"), (0.99999, "V", "1 V"), (80e-9, "m", "80 nm"),
     (1e6, "Hz", "1 MHz"), (math.inf, "s", "inf s"), (3.0, "", "3")],
)  # fmt: skip
def test_shown_with_the_nearest_prefix(value: float, unit: str, shown: str) -> None:
    assert format_si(value, unit) == shown

"""Technologies: the card is found, corners are its own, conditions are bounded."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from gaincell_char.errors import EnvironmentFault, InputError
from gaincell_char.technology import CORNERS, technology


def test_the_card_has_the_five_corners() -> None:
    assert technology("cmos28").corners == tuple(CORNERS) == ("tt", "ff", "ss", "sf", "fs")


def test_a_corner_becomes_a_lib_line_of_an_existing_file() -> None:
    devices = technology("cmos28")
    assert devices.lib_line("ss") == f".lib '{devices.card}' ss"
    assert devices.files == (devices.card,)
    assert devices.card.is_file()


@pytest.mark.parametrize(("given", "offered"), [("TT", "known: ff, fs, sf, ss, tt"), ("tt1", "did you mean tt")])
def test_an_unknown_corner_is_refused_with_the_nearest(given: str, offered: str) -> None:
    with pytest.raises(InputError, match=offered):
        technology("cmos28").lib_line(given)


def test_the_section_of_the_device_text_is_no_corner() -> None:
    with pytest.raises(InputError, match="unknown corner 'devices'"):
        technology("cmos28").lib_line("devices")


def test_an_unknown_technology_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean cmos28"):
        technology("cmos22")


@pytest.mark.parametrize("temperature_C", [-41.0, 126.0, math.nan, math.inf])
def test_temperatures_outside_the_range_are_refused(temperature_C: float) -> None:
    with pytest.raises(InputError, match=r"temperature .* is outside -40 to 125 C"):
        technology("cmos28").check(temperature_C, 0.9)


@pytest.mark.parametrize("vdd_V", [0.0, 0.69, 1.2, math.nan])
def test_supplies_outside_the_range_are_refused(vdd_V: float) -> None:
    with pytest.raises(InputError, match=r"supply .* is outside 0.7 to 1.1 V"):
        technology("cmos28").check(27.0, vdd_V)


def test_the_ends_of_the_ranges_are_inside() -> None:
    technology("cmos28").check(-40.0, 0.7)
    technology("cmos28").check(125.0, 1.1)


def test_a_missing_card_is_named(tmp_path) -> None:
    gone = replace(technology("cmos28"), card=tmp_path / "gone.lib")
    with pytest.raises(EnvironmentFault, match=r"gone\.lib: cannot read the device card"):
        gone.lib_line("tt")

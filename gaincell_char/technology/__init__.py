"""Technologies: where devices are, which corners they have, the conditions and sizes that circuits have in them."""

from __future__ import annotations

from collections.abc import Callable

from gaincell_char.errors import unknown_name
from gaincell_char.technology.base import CORNERS, Pelgrom, Technology
from gaincell_char.technology.cmos28 import cmos28
from gaincell_char.technology.freepdk45 import freepdk45
from gaincell_char.technology.sky130 import sky130

__all__ = ["CORNERS", "NATIVE", "Pelgrom", "Technology", "technologies", "technology"]

NATIVE = "cmos28"
"""The technology that the netlists, the defaults of their parameters and the voltages of testbenches are made for."""
_KNOWN: dict[str, Callable[[], Technology]] = {"cmos28": cmos28, "freepdk45": freepdk45, "sky130": sky130}


def technologies() -> dict[str, Technology]:
    """All technologies by name, installed or not."""
    return {name: make() for name, make in _KNOWN.items()}


def technology(name: str) -> Technology:
    """The technology called `name`, installed or not.

    Raises
    ------
    InputError
        There is none; the nearest names are offered.
    """
    if name not in _KNOWN:
        raise unknown_name("technology", name, _KNOWN)
    return _KNOWN[name]()

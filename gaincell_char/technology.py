"""Technologies: where a device card is, which corners it has, and the conditions it was made for."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from gaincell_char import paths
from gaincell_char.errors import EnvironmentFault, InputError, unknown_name

CORNERS = {
    "tt": "typical NMOS, typical PMOS",
    "ff": "fast NMOS, fast PMOS",
    "ss": "slow NMOS, slow PMOS",
    "sf": "slow NMOS, fast PMOS",
    "fs": "fast NMOS, slow PMOS",
}


@dataclass(frozen=True)
class Pelgrom:
    """What area averages out of one device (Pelgrom's law): sigma = a / sqrt(W L). Published figures are mostly of the
    difference of two equal devices, which is sqrt(2) larger. docs/technology.md says where the values come from."""

    vth_Vm: float
    """Threshold voltage, V m (1 mV um is 1e-9 V m)."""
    beta_m: float
    """Current factor, relative, m (1 % um is 1e-8 m)."""


@dataclass(frozen=True)
class Technology:
    """A device card with corner sections. Ranges are inclusive: outside them nothing was checked."""

    name: str
    card: Path
    summary: str
    vdd_V: float
    vdd_range_V: tuple[float, float]
    temperature_range_C: tuple[float, float]
    mismatch: Mapping[str, Pelgrom] = field(default_factory=dict)
    """By device model; empty where mismatch is not known."""

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that a deck reads through `lib_line`."""
        return (self.card,)

    @property
    def corners(self) -> tuple[str, ...]:
        """The corner sections found in the card, in the order of `CORNERS`."""
        sections = _sections(self.card)
        return tuple(corner for corner in CORNERS if corner in sections)

    def lib_line(self, corner: str) -> str:
        """The line of a deck that loads the devices at `corner`.

        Raises
        ------
        InputError
            The card has no such corner; the nearest names are offered.
        """
        if corner not in self.corners:
            raise unknown_name("corner", corner, self.corners, self.name)
        return f".lib '{self.card}' {corner}"

    def check(self, temperature_C: float, vdd_V: float) -> None:
        """Raise `InputError` where a temperature or a supply is outside what the card was made for."""
        for what, given, (low, high), unit in (
            ("temperature", temperature_C, self.temperature_range_C, "C"),
            ("supply", vdd_V, self.vdd_range_V, "V"),
        ):
            if not (math.isfinite(given) and low <= given <= high):
                raise InputError(
                    f"{self.name}: {what} {given:g} {unit} is outside {low:g} to {high:g} {unit}, "
                    "for which the devices were checked"
                )


@cache
def _sections(card: Path) -> frozenset[str]:
    try:
        text = card.read_text(encoding="utf-8")
    except OSError as error:
        raise EnvironmentFault(
            f"{card}: cannot read the device card ({error.strerror}); reinstall the package"
        ) from error
    return frozenset(re.findall(r"(?mi)^\.lib[ \t]+(\w+)[ \t]*$", text))


def technologies() -> dict[str, Technology]:
    """All technologies by name."""
    folder = paths.data_folder("netlists") / "technologies"
    return {
        "cmos28": Technology(
            name="cmos28",
            card=folder / "cmos28.lib",
            summary="hand-written 28 nm-like BSIM4 devices, core and 3.0 nm thick oxide; not foundry data",
            vdd_V=0.9,
            vdd_range_V=(0.7, 1.1),
            temperature_range_C=(-40.0, 125.0),
            mismatch={
                "nfet": Pelgrom(1.4e-9, 0.7e-8),
                "pfet": Pelgrom(1.4e-9, 0.7e-8),
                "nfet_thick": Pelgrom(2.8e-9, 0.7e-8),
                "pfet_thick": Pelgrom(2.8e-9, 0.7e-8),
            },
        )
    }


def technology(name: str) -> Technology:
    """The technology called `name`.

    Raises
    ------
    InputError
        There is none; the nearest names are offered.
    """
    known = technologies()
    if name not in known:
        raise unknown_name("technology", name, known)
    return known[name]

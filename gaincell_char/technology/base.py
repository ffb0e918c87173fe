"""What a technology is: devices at corners, the conditions they were made for, the sizes that circuits have in it."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from gaincell_char.errors import EnvironmentFault, InputError, unknown_name
from gaincell_char.units import format_si

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


@dataclass(frozen=True, kw_only=True)
class Technology(ABC):
    """Devices at corners. Ranges are inclusive: outside them nothing was checked."""

    name: str
    summary: str
    install: str
    """The command that brings the devices to a machine."""
    vdd_V: float
    vdd_range_V: tuple[float, float]
    temperature_range_C: tuple[float, float]
    mismatch: Mapping[str, Pelgrom] = field(default_factory=dict)
    """By device model; empty where mismatch is not known."""
    models: Mapping[str, str] = field(default_factory=dict)
    """What the card calls the devices that a netlist names (`nfet`, ...); empty: by the same names."""
    design: Mapping[str, float] = field(default_factory=dict)
    """Design parameters that have another default here than in the netlists; empty: the netlists are made for it."""
    smallest: Mapping[str, float] = field(default_factory=dict)
    """The smallest value of a design parameter that the devices allow, where the circuit's own bound is lower."""

    @property
    @abstractmethod
    def corners(self) -> tuple[str, ...]:
        """The corners that the devices have, in the order of `CORNERS`."""

    @property
    @abstractmethod
    def files(self) -> tuple[Path, ...]:
        """All files that decks read through `lib_line`, whatever the corner."""

    @property
    @abstractmethod
    def installed(self) -> str | None:
        """Where the devices come from, with the version of a package; None where they are not on this machine."""

    @abstractmethod
    def files_at(self, corner: str) -> tuple[Path, ...]:
        """The files that a deck at `corner` reads through `lib_line`; raises as `lib_line`."""

    @abstractmethod
    def lib_line(self, corner: str) -> str:
        """The lines of a deck that load the devices at `corner`.

        Raises
        ------
        InputError
            There is no such corner; the nearest names are offered.
        EnvironmentFault
            The devices are not on this machine; says how to install them.
        """

    @property
    def circuits(self) -> frozenset[str]:
        """The circuits that have sizes here; empty: all."""
        return frozenset(name.partition(".")[0] for name in self.design)

    def check(self, temperature_C: float, vdd_V: float) -> None:
        """Raise `InputError` where a temperature or a supply is outside what the devices were checked for."""
        for what, given, (low, high), unit in (
            ("temperature", temperature_C, self.temperature_range_C, "C"),
            ("supply", vdd_V, self.vdd_range_V, "V"),
        ):
            if not (math.isfinite(given) and low <= given <= high):
                raise InputError(
                    f"{self.name}: {what} {given:g} {unit} is outside {low:g} to {high:g} {unit}, "
                    "for which the devices were checked"
                )

    def check_sizes(self, parameters: Mapping[str, float]) -> None:
        """Raise `InputError` where a deck would have a device smaller than `smallest`, or the default size of another
        technology because `parameters` leaves it out."""
        if left_out := next((name for name in self.design if name not in parameters), None):
            raise InputError(
                f"{self.name}: {left_out} is not given; the default of the netlist is of another technology"
            )
        for name, low in self.smallest.items():
            if parameters[name] < low * (1 - 1e-9):
                given = format_si(parameters[name], "m")
                raise InputError(f"{self.name}: {name}: {given} is below {format_si(low, 'm')}, the smallest here")

    def check_corner(self, corner: str) -> None:
        """Raise `InputError` where there is no such corner."""
        if corner not in self.corners:
            raise unknown_name("corner", corner, self.corners, self.name)


@dataclass(frozen=True, kw_only=True)
class SectionedCard(Technology):
    """A file of this project with a section for each corner (`.lib tt` ... `.endl tt`)."""

    card: Path

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.card,)

    @property
    def corners(self) -> tuple[str, ...]:
        sections = _sections(self.card)
        return tuple(corner for corner in CORNERS if corner in sections)

    @property
    def installed(self) -> str | None:
        return "bundled" if self.card.is_file() else None

    def files_at(self, corner: str) -> tuple[Path, ...]:
        self.check_corner(corner)
        return self.files

    def lib_line(self, corner: str) -> str:
        self.check_corner(corner)
        return f".lib '{self.card}' {corner}"


@cache
def _sections(card: Path) -> frozenset[str]:
    try:
        text = card.read_text(encoding="utf-8")
    except OSError as error:
        raise EnvironmentFault(
            f"{card}: cannot read the device card ({error.strerror}); reinstall the package"
        ) from error
    return frozenset(re.findall(r"(?mi)^\.lib[ \t]+(\w+)[ \t]*$", text))

"""The values of one axis: a list, or a range that is counted before it is expanded."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from gaincell_char.errors import InputError
from gaincell_char.sweep.section import Count, Number, Section, validated


class Range(Section):
    """`{start, stop, num}`, `{start, stop, step}` or `{start, stop, num, scale: log}`; both ends belong to it."""

    start: Number
    stop: Number
    num: Count | None = None
    step: Number | None = None
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if self.start == self.stop:
            raise ValueError(f"start and stop are both {self.start:g}; write a list of one value")
        if (self.num is None) == (self.step is None):
            raise ValueError("expected start, stop and one of num and step")
        if self.num == 1:
            raise ValueError("num is 1, but both ends belong to a range; write a list of one value")
        if self.step is not None and (self.step == 0 or (self.stop - self.start) / self.step < 0):
            raise ValueError(f"step {self.step:g} does not lead from {self.start:g} to {self.stop:g}")
        if self.scale == "log" and (self.num is None or self.start * self.stop <= 0):
            raise ValueError("a log scale needs num, and two ends of one sign")
        return self

    @property
    def count(self) -> int:
        """How many values, without making them."""
        if self.step is None:
            return self.num or 0
        return math.floor((self.stop - self.start) / self.step * (1 + 1e-12) + 1e-9) + 1

    def expand(self) -> tuple[float, ...]:
        """The values in order, rounded to 12 digits so that 0.3 is written 0.3."""
        raw: npt.NDArray[np.floating]
        if self.scale == "log":
            raw = math.copysign(1.0, self.start) * np.geomspace(abs(self.start), abs(self.stop), self.count)
        elif self.step is not None:
            raw = self.start + self.step * np.arange(self.count)
        else:
            raw = np.linspace(self.start, self.stop, self.count)
        return tuple(float(f"{value:.12g}") for value in raw)


def _distinct(values: list[float]) -> list[float]:
    if not values:
        raise ValueError("an empty list; expected at least one value")
    seen: set[float] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{value:g} is given twice; keep one")
        seen.add(value)
    return values


def _form(given: Any) -> str:
    return "list" if isinstance(given, list) else "range"


Values = Annotated[list[Number], AfterValidator(_distinct)]
Column = Annotated[list[Number], Field(min_length=1)]
ZipValues = Annotated[Annotated[Column, Tag("list")] | Annotated[Range, Tag("range")], Discriminator(_form)]
AxisValues = Annotated[Annotated[Values, Tag("list")] | Annotated[Range, Tag("range")], Discriminator(_form)]


def count(axis: list[float] | Range) -> int:
    """How many values `axis` has, without making them."""
    return len(axis) if isinstance(axis, list) else axis.count


def expand(axis: list[float] | Range) -> tuple[float, ...]:
    """The values of `axis`, in the order given."""
    return tuple(axis) if isinstance(axis, list) else axis.expand()


class _Listed(Section):
    values: Values


def parse_axis(text: str, where: str) -> list[float] | Range:
    """`0:0.9:37` (start:stop:num), `1n:15n:8:log`, or `0,0.45,0.9`, as the command line takes it."""
    parts = [part.strip() for part in text.split(":")]
    if len(parts) == 1:
        return validated(_Listed, {"values": [value.strip() for value in text.split(",")]}, where).values
    if len(parts) == 3 or (len(parts) == 4 and parts[3] == "log"):
        scale = "log" if len(parts) == 4 else "linear"
        return validated(Range, {"start": parts[0], "stop": parts[1], "num": parts[2], "scale": scale}, where)
    raise InputError(f"{where}: {text!r}; expected start:stop:num, start:stop:num:log, or values with commas")

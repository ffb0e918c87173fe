"""Sections of the behavioral model: what a token costs in one head, in energy and in time, as a sum of parts."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from gaincell_char.behavior.base import Condition, Finite, NotNegative, Part, ascending, check_shape

INPUT_LEVELS = 16
STORED_LEVELS = 8

Product = Literal["key", "value", "write"]
PRODUCTS: tuple[Product, ...] = ("key", "value", "write")
Share = Annotated[float, Field(ge=0, le=1)]


class Histogram(Part):
    """`shares` of the values between neighboring `edges`; what lies beyond counts in the outermost bins."""

    edges: Annotated[list[Finite], Field(min_length=2)]
    shares: list[Share]

    @model_validator(mode="after")
    def _shape(self) -> Histogram:
        ascending("edges", self.edges)
        check_shape("shares", self.shares, "bins", (len(self.edges) - 1,))
        _sums_to_one("shares", self.shares)
        return self


class TokenStatistics(Part):
    """What the circuits of a network's heads are driven with, over all layers and heads and a full window."""

    source: str = Field(description="network, text and which tokens")
    queries: int = Field(ge=1)
    query_key: list[list[Share]] = Field(
        description="share of the cells of the key tiles that are read at each of 16 input levels and hold each of 8"
    )
    score: Histogram = Field(description="charge of a key column over full_scale_C of charge_to_pulse")
    value_pulse: list[NotNegative] = Field(
        description="mean pulse, in T_max, on the cells of the value tiles of each stored level, times their share"
    )
    tile_sum: Histogram = Field(description="charge of a value column over full_scale_C of signed_charge_to_pulse")

    @model_validator(mode="after")
    def _shape(self) -> TokenStatistics:
        check_shape("query_key", self.query_key, "input levels, stored levels", (INPUT_LEVELS, STORED_LEVELS))
        check_shape("value_pulse", self.value_pulse, "stored levels", (STORED_LEVELS,))
        _sums_to_one("query_key", self.query_key)
        return self


class EnergyPart(Part):
    """One circuit's share: `energy_J` for each cell, row, column or tile, at the statistics; `largest_J` at most.

    Of a query: cells are tokens x head width in either product; key tiles have the head's rows and a column a token,
    value tiles a row a token and the head's columns. Of a write: the cells of one token, keys and values.
    """

    name: str
    product: Product
    per: Literal["cell", "row", "column", "tile"]
    energy_J: NotNegative
    largest_J: NotNegative = Field(description="at the most expensive pulses, levels and charges")
    count: int = Field(ge=1, description="how many there are in the head of this section")
    evidence: Literal["measured", "calculated"] = Field(description="calculated: from measured sections")
    meaning: str


class Energy(Part):
    """Energy of one token in one head of `tiles` tiles a product, as a sum of parts."""

    condition: Condition
    tiles: int = Field(ge=1)
    statistics: TokenStatistics
    parts: Annotated[list[EnergyPart], Field(min_length=1)]
    idle_W: NotNegative = Field(description="of all converters of the head, between two conversions, if left on")
    excluded: list[str]

    def product_J(self, product: Product, largest: bool = False) -> dict[str, float]:
        """Name -> energy of all of a part, of one product."""
        return {
            part.name: part.count * (part.largest_J if largest else part.energy_J)
            for part in self.parts
            if part.product == product
        }


class Phase(Part):
    """A step of the conversion."""

    name: str
    duration_s: NotNegative
    evidence: Literal["measured", "planned"] = Field(description="planned: fixed by the timing of the control lines")
    meaning: str


class Latency(Part):
    """From the first query pulse to the code, phase after phase; what runs beside them is in `overlapped`."""

    condition: Condition
    phases: Annotated[list[Phase], Field(min_length=1)]
    overlapped: list[Phase] = Field(default=[], description="during other phases or for the token before")

    @property
    def total_s(self) -> float:
        return sum(phase.duration_s for phase in self.phases)


def _sums_to_one(name: str, shares: object) -> None:
    total = float(np.sum(np.asarray(shares, float)))
    if abs(total - 1) > 1e-6:
        raise ValueError(f"{name} sums to {total:g}, expected 1")

"""Sections of the behavioral model around the cells: drivers and the wires of a tile."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gaincell_char.behavior.base import Condition, Finite, FitError, NotNegative, Part, Positive, ascending, check_shape
from gaincell_char.behavior.functions import PiecewisePolynomial

Exponent = Annotated[int, Field(ge=0)]


class WordLineDriver(Part):
    """Pulses on the read word lines: those of the input levels, and the converter's pulses through their buffers."""

    condition: Condition
    widths_s: Annotated[list[NotNegative], Field(min_length=16, max_length=16)] = Field(
        description="width at the cells of each of the 16 input levels, 0 first"
    )
    rise_s: Positive
    fall_s: Positive
    energy_per_pulse_J: Positive
    buffer_stretch_s: Finite = Field(
        default=0.0, description="width on the word line minus that of the converter's pulse"
    )

    @model_validator(mode="after")
    def _ascending(self) -> WordLineDriver:
        ascending("widths_s", self.widths_s)
        return self


class WriteDriver(Part):
    """The stored levels as they are written: on the write bit line, and in the cell afterwards."""

    condition: Condition
    driven_V: list[Finite]
    stored_V: list[Finite]
    settle_s: Positive
    energy_per_write_J: Positive
    neighbor_shift_V: Finite | None = Field(default=None, description="worst shift of a neighbor's stored voltage")

    @model_validator(mode="after")
    def _shape(self) -> WriteDriver:
        ascending("driven_V", self.driven_V)
        check_shape("stored_V", self.stored_V, "driven_V", (len(self.driven_V),))
        return self


class Wires(Part):
    """Wires of the array, of one segment: one pitch of the cells."""

    bl_resistance_ohm: NotNegative
    bl_capacitance_F: NotNegative
    wl_resistance_ohm: NotNegative
    wl_capacitance_F: NotNegative
    rail_resistance_ohm: NotNegative


class TileCurrent(Part):
    """Currents of the two read branches of a cell that is on, over its stored voltage and the shifts of its wires.

    Current into the cell = sink - source, each a sum of terms f(v_store_V) (V_BL - hold_V)^a (VSS rise)^b (VDD drop)^c.
    """

    condition: Condition
    hold_V: Finite
    powers: Annotated[list[tuple[Exponent, Exponent, Exponent]], Field(min_length=1)] = Field(
        description="(a, b, c) of each term; the first is (0, 0, 0)"
    )
    sink_A: list[PiecewisePolynomial] = Field(description="N branch, bit line to VSS, of each term over v_store_V")
    source_A: list[PiecewisePolynomial] = Field(description="P branch, VDD to bit line, of each term over v_store_V")
    largest_bl_shift_V: Positive
    largest_rail_shift_V: Positive
    error: FitError

    @model_validator(mode="after")
    def _one_function_a_term(self) -> TileCurrent:
        if self.powers[0] != (0, 0, 0):
            raise ValueError(f"powers begins with {self.powers[0]}, expected (0, 0, 0): the current without any shift")
        if not len(self.powers) == len(self.sink_A) == len(self.source_A):
            raise ValueError(
                f"powers has {len(self.powers)} terms, sink_A {len(self.sink_A)}, source_A {len(self.source_A)}; "
                "expected one function a term"
            )
        return self


class WireCheck(Part):
    """A pattern on the wire network: largest errors of each tier against ngspice, relative to full scale."""

    pattern: str
    quantity: Literal["direct", "pulse"]
    wires: Wires
    largest_drop_V: Finite
    ideal: NotNegative
    fast: NotNegative
    exact: NotNegative


class ArrayModel(Part):
    """A tile's wires."""

    rows: int = Field(ge=1)
    columns: int = Field(ge=1)
    wires: Wires
    bl_delay_s: NotNegative | None = None
    wl_delay_s: NotNegative | None = None
    current: TileCurrent | None = None
    checks: list[WireCheck] = Field(default=[])

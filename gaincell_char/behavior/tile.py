"""Sections of the behavioral model around the cells: drivers, the wires of a tile, energy and latency."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from gaincell_char.behavior.base import Condition, Finite, FitError, NotNegative, Part, Positive, ascending, check_shape
from gaincell_char.behavior.functions import PiecewisePolynomial


class WordLineDriver(Part):
    """Pulses on the read word lines: those of the input levels, and the converter's pulses through their buffers."""

    condition: Condition
    widths_s: Annotated[list[NotNegative], Field(min_length=2)] = Field(
        description="width at the cells of each input level, 0 first"
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


class IrDrop(Part):
    """What the wires' resistance does to a column's charge: the bit line is held at one end only."""

    condition: Condition
    conductance_S: PiecewisePolynomial = Field(description="dI/dV_BL of a cell that is on, over v_store_V")
    driven_row: int = Field(ge=0, description="the row next to the front end")
    fast_error: FitError | None = Field(default=None, description="charge against the mesh, of the fast tier")
    exact_error: FitError | None = Field(default=None, description="charge against the mesh, of the exact tier")


class ArrayModel(Part):
    """A tile's wires."""

    rows: int = Field(ge=1)
    columns: int = Field(ge=1)
    wires: Wires
    bl_delay_s: NotNegative | None = None
    wl_delay_s: NotNegative | None = None
    ir_drop: IrDrop | None = None


class Energy(Part):
    """Energy of one token in one head, over all `tiles`, as a sum of measured parts."""

    condition: Condition
    tiles: int = Field(ge=1)
    key_product_J: dict[str, NotNegative]
    value_product_J: dict[str, NotNegative]
    other_J: dict[str, NotNegative] = Field(default={})
    included: list[str]
    excluded: list[str]


class Phase(Part):
    """A step of the conversion."""

    name: str
    duration_s: NotNegative


class Latency(Part):
    """From the first query pulse to the code, phase after phase."""

    condition: Condition
    phases: Annotated[list[Phase], Field(min_length=1)]

    @property
    def total_s(self) -> float:
        return sum(phase.duration_s for phase in self.phases)

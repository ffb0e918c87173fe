"""What sections of the behavioral model are made of: strict values, the condition of a figure, the error of a fit."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Corner = Literal["tt", "ff", "ss", "sf", "fs"]


class Part(BaseModel):
    """A value of the model: strict, immutable, without unknown fields."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Condition(Part):
    """Where a figure holds."""

    corner: Corner = "tt"
    temperature_C: Finite = 27.0
    vdd_V: Positive = 0.9

    def __str__(self) -> str:
        return f"{self.corner}, {self.temperature_C:g} C, {self.vdd_V:g} V"


class FitError(Part):
    """Error of a fit on points it has not seen, in the unit of the quantity, and relative to `full_scale`."""

    rms: Finite
    maximum: Finite
    full_scale: Positive
    n_fit: int = Field(ge=0)
    n_held_out: int = Field(ge=0)

    @property
    def rms_relative(self) -> float:
        return self.rms / self.full_scale

    @property
    def maximum_relative(self) -> float:
        return self.maximum / self.full_scale


def ascending(name: str, values: Sequence[float]) -> None:
    """Raise ValueError unless `values` ascend."""
    if any(not low < high for low, high in pairwise(values)):
        raise ValueError(f"{name} must ascend, found {list(values)}")


def check_shape(name: str, table: Any, axes: str, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless the nested lists `table` have `shape`."""
    found = np.shape(np.asarray(table, dtype=object))
    if found != shape:
        raise ValueError(f"{name} has shape {found}, expected {axes} = {shape}")


def one_each(name: str, conditions: Sequence[Condition]) -> None:
    """Raise ValueError where two entries of a list hold at the same condition."""
    for place, condition in enumerate(conditions):
        if condition in conditions[:place]:
            raise ValueError(f"{name} has two entries at {condition}, expected one a condition")

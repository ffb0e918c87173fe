"""The behavioral model: what a circuit does, as one JSON file that needs no SPICE to evaluate.

Every fitted quantity says its form, coefficients, units, domain, error on held-out points, and condition. SI units; a
unit is part of a name wherever it is not obvious. What is not characterized is None or an empty list.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gaincell_char.behavior.base import Condition, Corner, Finite, FitError, Part, Positive
from gaincell_char.behavior.cell import (
    Cell,
    CellMismatch,
    ExponentialRetention,
    IvSurface,
    LinearRange,
    LowRankRetention,
    PulseCharge,
    ReadDisturb,
    RetentionTable,
    WriteModel,
)
from gaincell_char.behavior.converters import (
    Burst,
    Converter,
    CounterFigures,
    PulseCounter,
    PulseFigures,
    PulseMismatch,
    PulseNoise,
    Settling,
    Transfer,
)
from gaincell_char.behavior.energy import Energy, EnergyPart, Histogram, Latency, Phase, TokenStatistics
from gaincell_char.behavior.tile import (
    ArrayModel,
    TileCurrent,
    WireCheck,
    Wires,
    WordLineDriver,
    WriteDriver,
)

__all__ = [
    "NAME_PATTERN",
    "SCHEMA_VERSION",
    "ArrayModel",
    "BehavioralModel",
    "Burst",
    "Cell",
    "CellMismatch",
    "Condition",
    "Converter",
    "Corner",
    "CounterFigures",
    "Energy",
    "EnergyPart",
    "ExponentialRetention",
    "Finite",
    "FitError",
    "Histogram",
    "IvSurface",
    "Latency",
    "LinearRange",
    "LowRankRetention",
    "Part",
    "Phase",
    "Positive",
    "Provenance",
    "PulseCharge",
    "PulseCounter",
    "PulseFigures",
    "PulseMismatch",
    "PulseNoise",
    "ReadDisturb",
    "RetentionTable",
    "Settling",
    "TileCurrent",
    "TokenStatistics",
    "Transfer",
    "WireCheck",
    "Wires",
    "WordLineDriver",
    "WriteDriver",
    "WriteModel",
]

SCHEMA_VERSION = 1
NAME_PATTERN = r"^[A-Za-z0-9._+-]+$"


class Provenance(Part):
    """What made this model."""

    source: str
    tool_version: str
    ngspice: str | None = None
    netlists: dict[str, str] = Field(default={}, description="file -> sha256")
    specs: dict[str, str] = Field(default={}, description="sweep spec -> sha256")
    datasets: dict[str, str] = Field(default={}, description="sweep -> sha256 of the dataset")


class BehavioralModel(Part):
    """One technology at one operating point."""

    schema_version: Literal[1]
    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    description: str
    technology: str
    condition: Condition
    parameters: dict[str, Finite] = Field(default={}, description="circuit parameters, SI: gain_cell.wn -> 8e-08")
    cell: Cell
    charge_to_pulse: Converter
    signed_charge_to_pulse: Converter
    pulse_counter: PulseCounter | None = None
    word_line_driver: WordLineDriver | None = None
    write_driver: WriteDriver | None = None
    array: ArrayModel | None = None
    energy: Energy | None = None
    latency: Latency | None = None
    provenance: Provenance

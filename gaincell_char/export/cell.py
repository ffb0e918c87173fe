"""What of a cell is exported: its current in amperes, over the stored voltage and the bit line's."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gaincell_char.behavior.functions import Polynomial, TensorSpline
from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.errors import InputError


@dataclass(frozen=True)
class ExportedCell:
    """A cell for a circuit simulator.

    name: of its subcircuit or module, an identifier.
    direct: current into the cell over (stored voltage, bit line), A, read word line on; None where the model has none.
    read: the current that attention uses, over the stored voltage, bit line held, in units of `unit_A`.
    unit_A: what a unit of `read` is, A.
    supply_V: the read word line is on at this voltage.
    lines: what the files say about themselves.
    """

    name: str
    direct: TensorSpline | None
    read: Polynomial
    unit_A: float
    supply_V: float
    lines: tuple[str, ...]


def exported_cell(
    model: BehavioralModel, corner: str | None = None, unit_current_A: float | None = None
) -> ExportedCell:
    """The cell of `model`, its direct current at `corner` (None: the model's own).

    `unit_current_A` says what the unit of a model in arbitrary units is; one in amperes takes none.

    Raises
    ------
    InputError
        A model in arbitrary units without `unit_current_A`, or in amperes with one; a corner that was not measured.
    """
    cell, own = model.cell, corner or model.condition.corner
    arbitrary = cell.current.y_unit != "A"
    if arbitrary and unit_current_A is None:
        raise InputError(f"{model.name}: its current is in arbitrary units; give one in amperes (--unit-current)")
    if not arbitrary and unit_current_A is not None:
        raise InputError(f"{model.name}: its current is in amperes already; leave --unit-current out")
    if cell.iv and own not in cell.iv:
        raise InputError(f"{model.name}: corner {own!r} was not measured; it has {', '.join(sorted(cell.iv))}")
    if corner is not None and not cell.iv:
        raise InputError(f"{model.name}: it has no corners; leave --corner out")
    surface = next((surface for name, surface in cell.iv.items() if name == own), None)
    condition = model.condition if surface is None else surface.condition
    unit = f", in units of {unit_current_A:g} A" if arbitrary else ""
    return ExportedCell(
        name=re.sub(r"\W", "_", f"{model.name}_cell"),
        direct=None if surface is None else surface.surface,
        read=cell.current,
        unit_A=1.0 if unit_current_A is None else unit_current_A,
        supply_V=condition.vdd_V,
        lines=(
            f"Behavioral gain cell {model.name}: {model.description}{unit}",
            f"{model.technology}, {condition.corner}, {condition.temperature_C:g} C, {condition.vdd_V:g} V; "
            f"from {model.provenance.source}",
        ),
    )

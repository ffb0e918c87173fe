"""A behavioral model of a cell that was measured in a laboratory, by the fits that simulated cells go through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from gaincell_char import keys
from gaincell_char.behavior.functions import Polynomial
from gaincell_char.behavior.schema import BehavioralModel, Cell, Condition, Converter, LowRankRetention, Provenance
from gaincell_char.errors import InputError
from gaincell_char.fit import grids
from gaincell_char.fit.assemble import RELU_UNITS, SIGNED_UNITS, T_MAX_S, unit_current
from gaincell_char.fit.grids import Array, Grid
from gaincell_char.fit.iv import fit_iv
from gaincell_char.fit.lab_table import Kind, LabTable, read_table
from gaincell_char.fit.retention import TOKEN_PERIOD_S
from gaincell_char.fit.retention_law import fit_law
from gaincell_char.sweep.dataset import Dataset
from gaincell_char.version import __version__

CELL_ONLY = ("array", "energy")
"""Sections of a base model that were made with its own cell, and do not hold for another."""
_BEYOND = 0.02
"""Share of full scale by which a measured current may lie beyond the cell's fitted range: noise at the outer levels."""


@dataclass(frozen=True)
class Setup:
    """Where the tables were measured; bit line and, in hold, write bit line are taken at half the supply."""

    temperature_C: float = 27.0
    vdd_V: float = 0.9

    @property
    def condition(self) -> Condition:
        return Condition(corner="tt", temperature_C=self.temperature_C, vdd_V=self.vdd_V)


def measured_model(
    name: str, paths: Sequence[Path], setup: Setup, base: BehavioralModel | None = None
) -> BehavioralModel:
    """The model of the tables in `paths`: one I-V table and at most one of retention.

    Without `base` the cell is the nominal one, as in `assemble`: its slope makes the unit current and the converters'
    full scales. With it, the cell is put in place of the base's, whose converters, counter and drivers stay; what was
    made with the base's own cell (`CELL_ONLY`, its charge, write, mismatch, disturb) is left out. Then a table of
    retention alone is enough: the current stays the base's.

    `cell.current` is the direct current with the bit line at half the supply. Its error, on held-out points as
    everywhere, is `cell.iv.tt.polynomial_error`.

    Raises
    ------
    InputError
        As `read_table`; two tables of one kind; no I-V table and no base; a base at another condition; a current that
        no stored voltage gives.
    GaincellError
        The current does not cross zero.
    """
    tables = _by_kind([read_table(path) for path in paths])
    if base is not None and base.condition != setup.condition:
        raise InputError(f"the tables are of {setup.condition}, the base {base.name} is at {base.condition}; give "
                         "--temperature and --supply, or another base")  # fmt: skip
    if "iv" in tables:
        cell = _cell(tables["iv"], setup.condition, base)
    elif base is not None:
        cell = base.cell
    else:
        raise InputError(
            f"{paths[0]}: a table of retention alone has no current; give an I-V table too, or --base MODEL"
        )
    if "retention" in tables:
        law = _law(tables["retention"], cell.current, setup.condition)
        cell = cell.model_copy(update={"retention": law, "retention_tables": []})
    made: dict[str, str] = {kind: keys.file_digest(table.path) for kind, table in tables.items()}
    return _model(name, cell, setup.condition, made, base)


def _by_kind(tables: Sequence[LabTable]) -> dict[Kind, LabTable]:
    found: dict[Kind, LabTable] = {}
    for table in tables:
        if table.kind in found:
            raise InputError(f"{table.path}: a second table of the kind {table.kind}, after {found[table.kind].path}; "
                             "give one")  # fmt: skip
        found[table.kind] = table
    return found


def _dataset(table: LabTable, columns: Mapping[str, Array], condition: Condition) -> Dataset:
    settings = {**condition.model_dump(), "status": "ok", "reason": ""}
    return Dataset(pd.DataFrame({**columns, **settings}), {"testbench": str(table.path), "technology": "measured"})


def _cell(table: LabTable, condition: Condition, base: BehavioralModel | None) -> Cell:
    iv = fit_iv(_dataset(table, table.columns, condition), condition.temperature_C)
    current = iv[condition.corner].polynomial
    return Cell(
        kind="nonlinear",
        n_levels=8 if base is None else base.cell.n_levels,
        level_range_V=current.domain,
        unit_current_A=unit_current(current) if base is None else base.cell.unit_current_A,
        current=current,
        iv=iv,
    )


def _law(table: LabTable, current: Polynomial, condition: Condition) -> LowRankRetention:
    columns = dict(table.columns)
    if "v_store_V" not in columns:
        columns["v_store_V"] = _voltages(table, current)
    rows = _dataset(table, columns, condition)
    decay = _with_beginning(grids.pivot(rows, rows.frame, "v_level_V", "age_s", "v_store_V"))
    return fit_law(decay, current, condition, condition.vdd_V / 2, TOKEN_PERIOD_S)


def _with_beginning(decay: Grid) -> Grid:
    """A level is the voltage at age 0: laboratories do not measure that point."""
    if decay.y[0] == 0:
        return decay
    return Grid(decay.x, np.append(0.0, decay.y), np.column_stack([decay.x, decay.z]))


def _voltages(table: LabTable, current: Polynomial) -> Array:
    """The stored voltage that each measured current is of.

    Raises
    ------
    InputError
        The cell's current does not rise throughout, or does not reach a measured one.
    """
    low, high = current.domain
    curve = current(np.linspace(low, high, 1001))
    if not np.all(np.diff(curve) > 0):
        raise InputError(f"{table.path}: the cell's current does not rise throughout, so that a current tells no "
                         "voltage; give V_store in place of I")  # fmt: skip
    slack = _BEYOND * float(np.abs(curve).max())
    found = []
    for row, measured in enumerate(table.columns["current_A"]):
        if not curve[0] - slack <= measured <= curve[-1] + slack:
            raise InputError(f"{table.where(row)}: I is {measured:.4g} A; the cell's own current goes from "
                             f"{curve[0]:.4g} to {curve[-1]:.4g} A (unit in the header?)")  # fmt: skip
        inside = float(np.clip(measured, curve[0], curve[-1]))
        found.append(brentq(lambda v, wanted=inside: float(current(v)) - wanted, low, high, xtol=1e-12))
    return np.array(found)


def _model(
    name: str, cell: Cell, condition: Condition, tables: Mapping[str, str], base: BehavioralModel | None
) -> BehavioralModel:
    fitted = "fitted by gaincell_char to measured tables"
    if base is None:
        unit_A = cell.unit_current_A
        return BehavioralModel(
            schema_version=1,
            name=name,
            description="Gain cell, fitted to measured tables",
            technology="measured",
            condition=condition,
            cell=cell,
            charge_to_pulse=_converter(RELU_UNITS, unit_A),
            signed_charge_to_pulse=_converter(SIGNED_UNITS, unit_A),
            provenance=Provenance(source=fitted, tool_version=__version__, datasets=dict(tables)),
        )
    made = base.provenance
    own: dict[str, Any] = {}
    if "iv" in tables:
        own = dict.fromkeys(CELL_ONLY)
        own["parameters"] = {key: value for key, value in base.parameters.items() if not key.startswith("gain_cell.")}
    provenance = made.model_copy(
        update={
            "source": f"{fitted}; {made.source}",
            "datasets": {**made.datasets, **{f"measured.{k}": v for k, v in tables.items()}},
        }
    )
    return base.model_copy(
        update={"name": name, "description": f"{base.name} with a cell fitted to measured tables", "cell": cell,
                "provenance": provenance, **own}
    )  # fmt: skip


def _converter(units: float, unit_current_A: float) -> Converter:
    return Converter(full_scale_units=units, full_scale_C=units * unit_current_A * T_MAX_S, t_max_s=T_MAX_S)

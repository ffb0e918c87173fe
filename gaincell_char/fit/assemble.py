"""Datasets in, behavioral model out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gaincell_char import keys
from gaincell_char.behavior.functions import Polynomial
from gaincell_char.behavior.quantities import least_squares_slope
from gaincell_char.behavior.schema import (
    NAME_PATTERN,
    BehavioralModel,
    Cell,
    Converter,
    Provenance,
    PulseCharge,
    WriteModel,
)
from gaincell_char.errors import InputError, unknown_name
from gaincell_char.fit.iv import fit_iv
from gaincell_char.fit.pulse import fit_pulse
from gaincell_char.fit.retention import fit_retention
from gaincell_char.fit.write import fit_write
from gaincell_char.sweep.dataset import Dataset
from gaincell_char.version import __version__

LINEAR_SLOPE = 19.3
"""Slope of the paper's linear cell, unit currents a volt: what ties amperes to its units."""
T_MAX_S = 15e-9
RELU_UNITS, SIGNED_UNITS = 80.0, 40.0
SWEEPS = ("iv", "pulse", "write", "retention")
_REQUIRED = ("iv", "pulse")


def assemble(
    name: str,
    datasets: Mapping[str, Dataset],
    nominal: BehavioralModel | None = None,
    retrim: bool = False,
    description: str = "",
) -> BehavioralModel:
    """The behavioral model of the cell that `datasets` were swept from.

    `cell.current` is the read current of a pulse with the bit line at VDD/2. The *nominal* cell fixes the unit
    current I_u = slope/19.3 and, with it, the converters' full scales 80 I_u T_max and 40 I_u T_max. They are hardware:
    a changed cell is given them from `nominal`, and its change shows as gain. `retrim` rescales the converters to it.

    Parameters
    ----------
    datasets
        Sweep (`iv`, `pulse`; optional `write`, `retention`) -> dataset.
    nominal
        None: this cell is the nominal one.

    Raises
    ------
    InputError
        The name cannot be a model's, a sweep is missing or unknown, the datasets are of different cells, or one cannot
        be fitted.
    GaincellError
        The cell's current does not cross zero.
    """
    if not re.fullmatch(NAME_PATTERN, name):
        raise InputError(f"model name {name!r}: expected letters, digits and . _ + - only")
    _check(datasets)
    first = datasets["iv"].metadata
    pulse = fit_pulse(datasets["pulse"])
    iv = fit_iv(datasets["iv"], pulse.condition.temperature_C)
    current = pulse.read_current
    unit_current_A = unit_current(current) if nominal is None or retrim else nominal.cell.unit_current_A
    t_max_s = T_MAX_S if nominal is None else nominal.charge_to_pulse.t_max_s
    cell = Cell(
        kind="nonlinear",
        n_levels=8,
        level_range_V=current.domain,
        unit_current_A=unit_current_A,
        current=current,
        iv=iv,
        pulse_charge=pulse,
        write=_write(datasets, pulse),
        **_retention(datasets, pulse),
    )
    return BehavioralModel(
        schema_version=1,
        name=name,
        description=description or f"Gain cell of {first['technology']}, fitted to ngspice sweeps",
        technology=str(first["technology"]),
        condition=pulse.condition,
        parameters={key: float(value) for key, value in sorted(first["parameters"].items())},
        cell=cell,
        charge_to_pulse=_converter(RELU_UNITS, unit_current_A, t_max_s),
        signed_charge_to_pulse=_converter(SIGNED_UNITS, unit_current_A, t_max_s),
        provenance=_provenance(datasets),
    )


def unit_current(current: Polynomial) -> float:
    """I_u (A): the least-squares slope of `current` over its domain, by which the linear cell's slope is 19.3."""
    return least_squares_slope(current, *current.domain) / LINEAR_SLOPE


def _converter(units: float, unit_current_A: float, t_max_s: float) -> Converter:
    return Converter(full_scale_units=units, full_scale_C=units * unit_current_A * t_max_s, t_max_s=t_max_s)


def _write(datasets: Mapping[str, Dataset], pulse: PulseCharge) -> WriteModel | None:
    return fit_write(datasets["write"], pulse.condition) if "write" in datasets else None


def _retention(datasets: Mapping[str, Dataset], pulse: PulseCharge) -> dict[str, Any]:
    if "retention" not in datasets:
        return {}
    law, tables = fit_retention(datasets["retention"], pulse.read_current, pulse.condition)
    return {"retention": law, "retention_tables": tables}


def _check(datasets: Mapping[str, Dataset]) -> None:
    for sweep in datasets:
        if sweep not in SWEEPS:
            raise unknown_name("sweep", sweep, SWEEPS)
    for sweep in _REQUIRED:
        if sweep not in datasets:
            raise InputError(f"no dataset of the {sweep} testbench; a model needs {' and '.join(_REQUIRED)}")
    first = datasets["iv"].metadata
    for sweep, dataset in datasets.items():
        for field in ("technology", "parameters"):
            if field not in dataset.metadata:
                raise InputError(f"{sweep}: the dataset's metadata has no {field}; sweep it again with this version")
            if dataset.metadata[field] != first[field]:
                raise InputError(
                    f"{sweep}: {_difference(field, dataset.metadata[field], first[field])}; fit datasets of one cell"
                )


def _difference(field: str, here: Any, there: Any) -> str:
    if isinstance(here, dict):
        for key in sorted({*here, *there}):
            if here.get(key) != there.get(key):
                return f"{key} is {here.get(key)}, in iv it is {there.get(key)}"
    return f"{field} is {here!r}, in iv it is {there!r}"


def _provenance(datasets: Mapping[str, Dataset]) -> Provenance:
    metadata = {sweep: dataset.metadata for sweep, dataset in datasets.items()}
    netlists: dict[str, str] = {}
    for each in metadata.values():
        netlists |= each.get("netlists", {})
    return Provenance(
        source="fitted by gaincell_char to ngspice sweeps",
        tool_version=__version__,
        ngspice=metadata["iv"].get("engine"),
        netlists=netlists,
        specs={sweep: each["spec"] for sweep, each in metadata.items() if "spec" in each},
        datasets={sweep: keys.digest(dataset.to_bytes()) for sweep, dataset in datasets.items()},
    )

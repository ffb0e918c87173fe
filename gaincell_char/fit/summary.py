"""What a fit found, as plain values: for the command line and the report."""

from __future__ import annotations

from typing import Any

import numpy as np

from gaincell_char.behavior.functions import PiecewisePolynomial
from gaincell_char.behavior.quantities import least_squares_slope
from gaincell_char.behavior.schema import (
    BehavioralModel,
    FitError,
    IvSurface,
    LowRankRetention,
    PulseCharge,
    RetentionTable,
)


def summary(model: BehavioralModel) -> dict[str, Any]:
    """Figures of a fitted model; its errors on held-out points, relative to full scale."""
    cell = model.cell
    slope = least_squares_slope(cell.current, *cell.level_range_V)
    return {
        "name": model.name,
        "unit_current_A": cell.unit_current_A,
        "charge_to_pulse_full_scale_C": model.charge_to_pulse.full_scale_C,
        "signed_charge_to_pulse_full_scale_C": model.signed_charge_to_pulse.full_scale_C,
        "slope_units_per_V": slope / cell.unit_current_A,
        "zero_crossing_V": cell.zero_crossing_V,
        "iv": {corner: _iv(surface) for corner, surface in cell.iv.items()},
        "pulse": None if cell.pulse_charge is None else _pulse(cell.pulse_charge),
        "write": None
        if cell.write is None
        else {"design_pulse_s": cell.write.design_pulse_s, "worst_error_V": cell.write.worst_error_V},
        "law": _law(cell.retention) if isinstance(cell.retention, LowRankRetention) else None,
        "retention": [_table(table) for table in cell.retention_tables],
    }


def _iv(surface: IvSurface) -> dict[str, Any]:
    return {
        "zero_crossing_V": surface.zero_crossing_V,
        "slope_A_per_V": surface.slope_A_per_V,
        **surface.linear_range.model_dump(),
        "surface_knot_cells": [len(surface.surface.x_knots) - 1, len(surface.surface.y_knots) - 1],
        "surface_error": _relative(surface.surface_error),
        "polynomial_degree": surface.polynomial.degree,
        "polynomial_error": _relative(surface.polynomial_error),
        "published_degree_error": _relative(surface.published_degree_error),
    }


def _pulse(pulse: PulseCharge) -> dict[str, Any]:
    return {
        "read_current_degree": pulse.read_current.degree,
        "read_current_error": _relative(pulse.read_current_error),
        "surface_error": _relative(pulse.surface_error),
        "linearity_error_C": pulse.linearity_error_C,
        "kick_range_V": _range(pulse.kick_V),
        "disturb_range_V": _range(pulse.disturb_V),
    }


def _range(shift: PiecewisePolynomial) -> list[float]:
    values = shift(np.linspace(shift.knots[0], shift.knots[-1], 181))
    return [float(values.min()), float(values.max())]


def _law(law: LowRankRetention) -> dict[str, Any]:
    return {
        "rank": len(law.level_factors),
        "error": _relative(law.error),
        "single_tau_s": law.single_tau_s,
        "single_tau_error": _relative(law.single_tau_error),
    }


def _table(table: RetentionTable) -> dict[str, Any]:
    return {
        "corner": table.condition.corner,
        "temperature_C": table.condition.temperature_C,
        "wwl_V": table.wwl_V,
        "wwlb_V": table.wwlb_V,
        "wbl_V": table.wbl_V,
        "storage_capacitance_F": table.storage_capacitance_F,
        "tau_worst_s": table.tau_worst_s,
        "tau_worst_is_lower_bound": table.tau_worst_is_lower_bound,
        "level_tau_s": table.level_tau_s,
        "level_tau_is_lower_bound": table.level_tau_is_lower_bound,
        "single_tau_s": table.single_tau_s,
        "single_tau_misfit_V": table.single_tau_misfit_V,
    }


def _relative(error: FitError | None) -> dict[str, float] | None:
    return None if error is None else {"rms": error.rms_relative, "maximum": error.maximum_relative}

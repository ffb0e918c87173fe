"""A cell that is held otherwise: the laws of retention of the other word-line voltages and temperatures measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gaincell_char.behavior import BehavioralModel
from gaincell_char.behavior.functions import PiecewisePolynomial
from gaincell_char.behavior.schema import LowRankRetention, RetentionTable
from gaincell_char.errors import InputError

Array = npt.NDArray[np.float64]
_RESIDUAL = 1e-3
"""Of the largest current: what the terms that are left out may come to, at any level and age of the table."""


def held(model: BehavioralModel, table: RetentionTable) -> BehavioralModel:
    """`model` whose cells age as in `table`, at the levels that attention stores; its fresh current stays.

    Between the ages of the table the current is interpolated over the logarithm of the age; at its ages it is that of
    the voltage measured. Of another temperature the leakage alone is taken: the read current is the model's.

    Raises
    ------
    InputError
        The table does not have the model's levels, or the model has no token period.
    """
    cell = model.cell
    levels = np.linspace(*cell.level_range_V, cell.n_levels)
    if cell.retention is None or len(table.levels_V) != levels.size or not np.allclose(table.levels_V, levels):
        raise InputError(f"model {model.name}: retention_tables at {table.condition} are not of its stored levels")
    volts = np.array(table.voltages_V)
    volts[:, 0] = levels
    current = np.asarray(cell.current(volts))
    age_scale_s = table.ages_s[1]
    log_age = np.log10(1 + np.array(table.ages_s) / age_scale_s)
    terms = _terms(current)
    law = LowRankRetention(
        token_period_s=cell.retention.token_period_s,
        age_scale_s=age_scale_s,
        level_factors=[_line(levels, f, "V", "A") for f, _ in terms],
        age_factors=[_line(log_age, g, "log10(1 + age / age_scale)", "1") for _, g in terms],
        error=None,
        single_tau_s=table.single_tau_s,
        single_tau_error=None,
        condition=model.condition,
    )
    return model.model_copy(
        update={"name": f"{model.name}-{label(table)}", "cell": cell.model_copy(update={"retention": law})}
    )


def label(table: RetentionTable) -> str:
    """As part of a name: `hold-0.3-V-85-C` for a word line at -0.3 V (all are at 0 V or below)."""
    return f"hold-{abs(table.wwl_V):g}-V-{table.condition.temperature_C:g}-C"


def _terms(table: Array) -> list[tuple[Array, Array]]:
    """(level factor, age factor) of as few products as sum up to `table` (levels, ages)."""
    left, size, right = np.linalg.svd(table, full_matrices=False)
    rank = 1
    while np.abs((left[:, rank:] * size[rank:]) @ right[rank:]).max(initial=0) > _RESIDUAL * np.abs(table).max():
        rank += 1
    return [(left[:, r] * size[r], right[r]) for r in range(rank)]


def _line(x: Array, y: Array, x_unit: str, y_unit: str) -> PiecewisePolynomial:
    """Straight between neighboring points."""
    slopes = np.diff(y) / np.diff(x)
    pieces: Sequence[list[float]] = [[float(a), float(b)] for a, b in zip(y[:-1], slopes, strict=True)]
    return PiecewisePolynomial(knots=x.tolist(), coefficients=list(pieces), x_unit=x_unit, y_unit=y_unit)

"""Retention: the transients of every stored level at every hold condition, and the law of the design's own hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaincell_char.behavior.functions import Polynomial
from gaincell_char.behavior.schema import Condition, LowRankRetention, RetentionTable
from gaincell_char.errors import InputError
from gaincell_char.fit import grids
from gaincell_char.fit.decay import LOSS, LOSS_OF_EXPONENTIAL, loss_times, single_tau
from gaincell_char.fit.grids import Array, Grid
from gaincell_char.fit.retention_law import fit_law
from gaincell_char.sweep.dataset import Dataset

TOKEN_PERIOD_S = 0.8e-6
"""The paper's: attention alone, 12 layers of 65 ns."""
_FEWEST_LEVELS, _FEWEST_AGES = 9, 9
_HOLD = ["wwl_V", "wwlb_V", "wbl_V"]


@dataclass(frozen=True)
class Hold:
    """Write word lines and write bit line while a cell keeps its level (V)."""

    wwl_V: float
    wwlb_V: float
    wbl_V: float


def fit_retention(
    dataset: Dataset,
    current: Polynomial,
    condition: Condition | None = None,
    n_levels: int = 8,
    token_period_s: float = TOKEN_PERIOD_S,
) -> tuple[LowRankRetention, list[RetentionTable]]:
    """The law at one condition and the design's hold, and the table of every condition and hold that was swept.

    The design's hold is in the dataset's parameters: `gain_cell.wwl_hold_V`, `wwlb_hold_V` and `wbl_hold_V`.

    Parameters
    ----------
    current
        Read current over stored voltage (A): what attention uses.
    condition
        Of the law; None: tt nearest to 27 C.
    n_levels
        Stored levels, evenly spaced over the range of `current`; tables list them where they were swept.

    Raises
    ------
    InputError
        A grid has holes, is too coarse or does not begin at age 0; the condition or the design's hold was not swept.
    """
    condition, _ = grids.at_condition(dataset, condition)
    capacitance_F = grids.parameter(dataset, "gain_cell.storage_F")
    design = Hold(*(grids.parameter(dataset, f"gain_cell.{line}_hold_V") for line in ("wwl", "wwlb", "wbl")))
    tables: list[RetentionTable] = []
    law: LowRankRetention | None = None
    for at, hold, decay in decays(dataset):
        tables.append(_table(decay, at, hold, capacitance_F, np.linspace(*current.domain, n_levels)))
        if at == condition and hold == design:
            law = fit_law(decay, current, condition, hold.wbl_V, token_period_s)
    if law is None:
        raise InputError(
            f"{grids.name(dataset)}: nothing at the design's hold (WWL {design.wwl_V:g}, WWLB {design.wwlb_V:g}, "
            f"WBL {design.wbl_V:g} V) and {condition.corner}, {condition.temperature_C:g} C; add it to the sweep"
        )
    return law, tables


def decays(dataset: Dataset) -> Iterator[tuple[Condition, Hold, Grid]]:
    """V_store over level and age for every condition and hold of a `retention` dataset.

    Raises
    ------
    InputError
        As `fit_retention`.
    """
    for condition, rows in grids.by_condition(dataset):
        for key, of_hold in _by_hold(dataset, rows):
            decay = grids.pivot(dataset, of_hold, "v_level_V", "age_s", "v_store_V")
            grids.at_least(dataset, "v_level_V", decay.x, _FEWEST_LEVELS)
            grids.at_least(dataset, "age_s", decay.y, _FEWEST_AGES)
            if decay.y[0] != 0:
                raise InputError(
                    f"{grids.name(dataset)}: age_s begins at {decay.y[0]:g} s, expected 0; add 0 to the axis"
                )
            yield condition, key, decay


def _by_hold(dataset: Dataset, rows: pd.DataFrame) -> Iterator[tuple[Hold, pd.DataFrame]]:
    grids.require(dataset, _HOLD)
    for values, of_hold in grids.split(rows, _HOLD):
        yield Hold(*values), of_hold


def _table(decay: Grid, condition: Condition, hold: Hold, capacitance_F: float, stored_V: Array) -> RetentionTable:
    distance = np.abs(decay.x - hold.wbl_V)
    farthest = float(distance.max())
    worst_s, worst_is_bound = _worst(decay, np.full(len(decay.x), LOSS * farthest))
    listed = _stored(decay.x, stored_V)
    own_s, own_is_bound = loss_times(decay.z[listed], decay.y, LOSS * distance[listed])
    tau_s, misfit_V = single_tau(decay.z, decay.y, hold.wbl_V)
    return RetentionTable(
        condition=condition,
        storage_capacitance_F=capacitance_F,
        wwl_V=hold.wwl_V,
        wwlb_V=hold.wwlb_V,
        wbl_V=hold.wbl_V,
        levels_V=decay.x[listed].tolist(),
        ages_s=decay.y.tolist(),
        voltages_V=decay.z[listed].tolist(),
        level_tau_s=(own_s / LOSS_OF_EXPONENTIAL).tolist(),
        level_tau_is_lower_bound=own_is_bound.tolist(),
        tau_worst_s=worst_s / LOSS_OF_EXPONENTIAL,
        tau_worst_is_lower_bound=worst_is_bound,
        single_tau_s=tau_s,
        single_tau_misfit_V=misfit_V,
    )


def _worst(decay: Grid, loss_V: Array) -> tuple[float, bool]:
    times, bounds = loss_times(decay.z, decay.y, loss_V)
    worst = int(np.argmin(times))
    return float(times[worst]), bool(bounds[worst])


def _stored(swept_V: Array, stored_V: Array) -> npt.NDArray[np.intp]:
    """Indices of the stored levels among those swept; of all swept ones where a stored level is missing."""
    nearest: npt.NDArray[np.intp] = np.abs(swept_V[:, None] - stored_V).argmin(axis=0)
    hit = np.abs(swept_V[nearest] - stored_V) < 1e-6
    return nearest if hit.all() else np.arange(len(swept_V))

"""Settling, bursts and noise of a charge-to-pulse converter: tables of the datasheet."""

from __future__ import annotations

import numpy as np

from gaincell_char.behavior.schema import Burst, Condition, PulseNoise, Settling
from gaincell_char.errors import InputError
from gaincell_char.fit import grids
from gaincell_char.sweep.dataset import Dataset


def fit_settling(dataset: Dataset, tolerance_s: float, condition: Condition | None = None) -> Settling:
    """Shift of the pulse over the wait before the conversion, and the shortest wait from which on it is within
    `tolerance_s` of the longest wait's.

    Raises
    ------
    InputError
        The condition was not swept, a column is missing, or there is one wait only.
    """
    grids.require(dataset, ["wait_s", "pulse_s"])
    condition, rows = grids.at_condition(dataset, condition)
    rows = rows.sort_values("wait_s")
    wait, pulse = rows["wait_s"].to_numpy(float), rows["pulse_s"].to_numpy(float)
    grids.at_least(dataset, "wait_s", wait, 2)
    shift = pulse - pulse[-1]
    late = np.flatnonzero(np.abs(shift) > tolerance_s)
    return Settling(
        condition=condition,
        waits_s=wait.tolist(),
        pulse_shift_s=shift.tolist(),
        tolerance_s=tolerance_s,
        settled_s=float(wait[late[-1] + 1 if late.size else 0]),
    )


def fit_burst(
    dataset: Dataset, condition: Condition | None = None, stagger: float = 0.0, cell_time_s: float | None = None
) -> Burst:
    """Shift of the pulse over the number of cells that are read at once.

    Parameters
    ----------
    stagger
        A dataset without this column has staggered nothing.
    cell_time_s
        The burst, as cells times read pulse; None: the largest that was swept.

    Raises
    ------
    InputError
        The condition, `stagger` or `cell_time_s` was not swept.
    """
    grids.require(dataset, ["cells_on", "cell_time_s", "shift_s", "bl_V"])
    condition, rows = grids.at_condition(dataset, condition)
    rows = rows[rows["stagger"] == stagger] if "stagger" in rows else rows[[stagger == 0.0] * len(rows)]
    chosen = rows["cell_time_s"].max() if cell_time_s is None else cell_time_s
    swept = ", ".join(f"{each:g}" for each in sorted(rows["cell_time_s"].unique())) or "none"
    rows = rows[np.isclose(rows["cell_time_s"], chosen, rtol=1e-9, atol=0)].sort_values("cells_on")
    if rows.empty:
        raise InputError(
            f"{grids.name(dataset)}: no burst with stagger = {stagger:g} and cell_time_s = {chosen:g}; cell_time_s "
            f"swept with that stagger: {swept}"
        )
    return Burst(
        condition=condition,
        cells_on=[int(cells) for cells in rows["cells_on"]],
        bl_V=rows["bl_V"].tolist(),
        pulse_shift_s=rows["shift_s"].tolist(),
    )


def fit_noise(dataset: Dataset, sources: tuple[str, ...], condition: Condition | None = None) -> PulseNoise:
    """Jitter of a pulse, rms, from copies of a conversion with noise: all sources (`source` 0) and one by one.

    A pulse begins with the reference's edge and ends with the column's. Both have the same noise, independent of each
    other, so the jitter is sqrt(2) times the spread of the column's edge. The spread is about the pulse without noise.

    Parameters
    ----------
    sources
        Names of the sources 1, 2, ...

    Raises
    ------
    InputError
        The condition was not swept, a column is missing, or there are fewer than two copies with all noise.
    """
    grids.require(dataset, ["source", "shift_s"])
    condition, rows = grids.at_condition(dataset, condition)
    spread = {
        round(source): float(np.sqrt(2 * np.mean(part["shift_s"].to_numpy(float) ** 2)))
        for (source,), part in grids.split(rows, ["source"])
    }
    copies = int((rows["source"] == 0).sum())
    if copies < 2:
        raise InputError(f"{grids.name(dataset)}: {copies} copies with all noise (source 0); jitter needs 2 or more")
    return PulseNoise(
        condition=condition,
        jitter_s=spread[0],
        samples=copies,
        contributions_s={name: spread[number] for number, name in enumerate(sources, 1) if number in spread},
    )

"""From the rows of a dataset to the rectangular tables that fits want."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaincell_char.behavior.schema import Condition, Corner
from gaincell_char.errors import InputError
from gaincell_char.sweep.dataset import Dataset

Array = npt.NDArray[np.float64]
_CONDITION = ["corner", "temperature_C", "vdd_V"]
_CORNERS: tuple[Corner, ...] = get_args(Corner)


@dataclass(frozen=True)
class Grid:
    """`z[i, j]` is the value at `x[i]`, `y[j]`; both axes ascend."""

    x: Array
    y: Array
    z: Array


def by_condition(dataset: Dataset) -> Iterator[tuple[Condition, pd.DataFrame]]:
    """The good rows of each corner, temperature and supply; corners in the order tt, ff, ss, sf, fs.

    Raises
    ------
    InputError
        A column is missing, a corner is unknown, or no row is good.
    """
    require(dataset, _CONDITION)
    frame = dataset.good
    if frame.empty:
        raise InputError(f"{name(dataset)}: no point has status ok, so there is nothing to fit; run the sweep again")
    for corner in frame["corner"].unique():
        if corner not in _CORNERS:
            raise InputError(f"{name(dataset)}: unknown corner {corner!r}; known: {', '.join(_CORNERS)}")
    for corner in _CORNERS:
        of_corner = frame[frame["corner"] == corner]
        for (temperature_C, vdd_V), rows in split(of_corner, ["temperature_C", "vdd_V"]):
            yield Condition(corner=corner, temperature_C=temperature_C, vdd_V=vdd_V), rows


def split(rows: pd.DataFrame, columns: list[str]) -> Iterator[tuple[tuple[float, ...], pd.DataFrame]]:
    """The rows of each combination of values in `columns`, ascending."""
    for values, part in rows.groupby(columns, sort=True):
        yield tuple(float(value) for value in cast("tuple[float, ...]", values)), part


def at_condition(dataset: Dataset, condition: Condition | None) -> tuple[Condition, pd.DataFrame]:
    """The good rows at `condition`; None: of the conditions swept, tt before other corners and nearest to 27 C.

    Raises
    ------
    InputError
        `condition` was not swept.
    """
    found = list(by_condition(dataset))
    if condition is None:
        return min(found, key=lambda item: (_CORNERS.index(item[0].corner), abs(item[0].temperature_C - 27.0)))
    for candidate, rows in found:
        if candidate == condition:
            return candidate, rows
    swept = "; ".join(f"{c.corner} {c.temperature_C:g} C {c.vdd_V:g} V" for c, _ in found)
    raise InputError(
        f"{name(dataset)}: nothing at {condition.corner}, {condition.temperature_C:g} C, {condition.vdd_V:g} V; "
        f"swept: {swept}"
    )


def pivot(dataset: Dataset, rows: pd.DataFrame, x: str, y: str, value: str) -> Grid:
    """`rows` as a table of `value` over columns `x` and `y`.

    Raises
    ------
    InputError
        A column is missing, a value is not finite, a point is missing or given twice.
    """
    require(dataset, [x, y, value])
    if rows.duplicated([x, y]).any():
        twice = rows[rows.duplicated([x, y])].iloc[0]
        raise InputError(
            f"{name(dataset)}: more than one row has {x} {twice[x]:g} and {y} {twice[y]:g}; "
            "a fit is of one cell: choose one value of what else was swept"
        )
    table = rows.pivot(index=x, columns=y, values=value)
    z = table.to_numpy(float)
    if not np.isfinite(z).all():
        i, j = np.argwhere(~np.isfinite(z))[0]
        raise InputError(
            f"{name(dataset)}: no usable {value} at {x} {table.index[i]:g}, {y} {table.columns[j]:g} "
            f"({int((~np.isfinite(z)).sum())} of {z.size} points{_first_failure(dataset)}); "
            "a fit needs the whole grid: run the sweep again"
        )
    return Grid(table.index.to_numpy(float), table.columns.to_numpy(float), z)


def stored(v_store_V: Array, vdd_V: float) -> npt.NDArray[np.bool_]:
    """Which voltages can be stored: 0 to VDD. Sweeps may go a little beyond, for what a kick adds."""
    return (v_store_V > -1e-9) & (v_store_V < vdd_V + 1e-9)


def at_least(dataset: Dataset, column: str, points: Array, count: int) -> None:
    """Refuse an axis that is too coarse to fit and to judge the fit.

    Raises
    ------
    InputError
        Fewer than `count` points.
    """
    if len(points) < count:
        raise InputError(
            f"{name(dataset)}: {column} has {len(points)} values, a fit with held-out points needs {count}"
        )


def parameter(dataset: Dataset, key: str, otherwise: float | None = None) -> float:
    """A design parameter that all points of the dataset share (SI); `otherwise` where the dataset does not say.

    Raises
    ------
    InputError
        It does not say, and there is no `otherwise`.
    """
    value = dataset.metadata.get("parameters", {}).get(key, otherwise)
    if value is None:
        raise InputError(f"{name(dataset)}: no parameter {key} in the metadata; sweep it again")
    return float(value)


def name(dataset: Dataset) -> str:
    """What messages call the dataset."""
    return str(dataset.metadata.get("testbench", "dataset"))


def _first_failure(dataset: Dataset) -> str:
    failed = dataset.frame[dataset.frame["status"] != "ok"]
    if failed.empty:
        return ""
    first = failed.iloc[0]
    return f"; first failure: {first['status']}, {first['reason']}"


def require(dataset: Dataset, columns: list[str]) -> None:
    """Refuse a dataset without one of `columns` (InputError)."""
    missing = [column for column in columns if column not in dataset.frame.columns]
    if missing:
        raise InputError(
            f"{name(dataset)}: no column {', '.join(missing)}; found {', '.join(map(str, dataset.frame.columns))}"
        )

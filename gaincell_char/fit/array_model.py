"""The section `array` of a model: wires, delays, the currents of a cell in a tile, and each tier against ngspice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from gaincell_char.array import Tile, tile_of
from gaincell_char.behavior.functions import Polynomial
from gaincell_char.behavior.schema import ArrayModel, Condition, TileCurrent, WireCheck, Wires
from gaincell_char.circuits.array.patterns import pattern
from gaincell_char.errors import InputError
from gaincell_char.fit import grids
from gaincell_char.fit.array import fit_tile_current
from gaincell_char.fit.grids import Array
from gaincell_char.sweep.dataset import Dataset

_COLUMNS = 64
_T_MAX_S = 15e-9
_FULL_SCALE = 80.0
"""Unit currents (x T_max) of the ReLU converter's full scale, of which errors are."""
_WIRES = ("bl_ohm", "bl_F", "wl_ohm", "wl_F", "rail_ohm")


def fit_array(
    datasets: Mapping[str, Dataset], unit_current_A: float, fixed_charge: Polynomial, condition: Condition | None = None
) -> ArrayModel:
    """The array at one condition.

    Parameters
    ----------
    datasets
        Testbench of the circuit `array` -> dataset: `read`; where they were swept `direct` with `dc` and `pwm` (against
        which the tiers are checked), `word_line` and `bit_line` (delays).
    fixed_charge
        Charge (C) of a pulse beside its current, over the stored voltage: the model's `pulse_charge.fixed_charge`.

    Raises
    ------
    InputError
        No dataset of `read`, or one that cannot be fitted.
    """
    if "read" not in datasets:
        raise InputError("no dataset of array.read; a model's array is fitted to it")
    read = datasets["read"]
    current = fit_tile_current(read, condition)
    checks: list[WireCheck] = []
    if "direct" in datasets and "dc" in datasets:
        direct = fit_tile_current(datasets["direct"], current.condition)
        checks += _checks(datasets["dc"], direct, unit_current_A, None)
    if "pwm" in datasets:
        checks += _checks(datasets["pwm"], current, unit_current_A, fixed_charge)
    return ArrayModel(
        rows=int(grids.parameter(read, "array.rows")),
        columns=_COLUMNS,
        wires=_wires({name: grids.parameter(read, f"array.{name}") for name in _WIRES}),
        bl_delay_s=_bit_line_delay(datasets, current.condition),
        wl_delay_s=_word_line_delay(datasets, current.condition),
        current=current,
        checks=checks,
    )


def _wires(ohms_and_farads: Mapping[str, float]) -> Wires:
    return Wires(
        bl_resistance_ohm=ohms_and_farads["bl_ohm"],
        bl_capacitance_F=ohms_and_farads["bl_F"],
        wl_resistance_ohm=ohms_and_farads["wl_ohm"],
        wl_capacitance_F=ohms_and_farads["wl_F"],
        rail_resistance_ohm=ohms_and_farads["rail_ohm"],
    )


def _by_wires(dataset: Dataset, rows: pd.DataFrame) -> Iterator[tuple[dict[str, float], pd.DataFrame]]:
    """The rows of each set of wires, whether they were swept or are the same for all."""
    swept = [f"array.{name}" for name in _WIRES if f"array.{name}" in rows.columns]
    fixed = {name: grids.parameter(dataset, f"array.{name}") for name in _WIRES if f"array.{name}" not in swept}
    if not swept:
        yield fixed, rows
        return
    for values, part in grids.split(rows, swept):
        yield fixed | {key.removeprefix("array."): value for key, value in zip(swept, values, strict=True)}, part


def _nominal(dataset: Dataset, condition: Condition) -> pd.DataFrame:
    """The rows with the resistances of the dataset's own parameters, else those with the least resistance."""
    _, rows = grids.at_condition(dataset, condition)
    return min(_by_wires(dataset, rows), key=lambda item: item[0]["bl_ohm"] + item[0]["wl_ohm"])[1]


def _word_line_delay(datasets: Mapping[str, Dataset], condition: Condition) -> float | None:
    if "word_line" not in datasets:
        return None
    return float(_nominal(datasets["word_line"], condition)["delay_s"].max())


def _bit_line_delay(datasets: Mapping[str, Dataset], condition: Condition) -> float | None:
    if "bit_line" not in datasets:
        return None
    onset = _nominal(datasets["bit_line"], condition).sort_values("row")["onset_s"].to_numpy()
    return float(onset[0] - onset[-1])


def _checks(
    dataset: Dataset, law: TileCurrent, unit_current_A: float, fixed_charge: Polynomial | None
) -> Iterator[WireCheck]:
    """Every pattern and set of wires of a dataset of direct currents, or of charges where `fixed_charge` is given."""
    _, rows = grids.at_condition(dataset, law.condition)
    count = int(grids.parameter(dataset, "array.rows"))
    for values, of_wires in _by_wires(dataset, rows):
        wires = _wires(values)
        tile = tile_of(law, wires, unit_current_A)
        for (number,), part in grids.split(of_wires, ["pattern"]):
            applied = pattern(number, count, _COLUMNS)
            stored = applied.levels[:, part["column"].astype(int)] * law.condition.vdd_V
            if fixed_charge is None:
                pulses = (applied.widths > 0).astype(float)[:, np.newaxis]
                truth = part["current_A"].to_numpy() / unit_current_A
            else:
                pulses = applied.widths[:, np.newaxis]
                fixed_C = np.where(pulses > 0, fixed_charge(stored), 0.0).sum(axis=0)
                truth = (part["charge_C"].to_numpy() - fixed_C) / (unit_current_A * _T_MAX_S)
            yield WireCheck(
                pattern=applied.name,
                quantity="direct" if fixed_charge is None else "pulse",
                wires=wires,
                largest_drop_V=float(part["bl_shift_V"].max()),
                **{tier: _error(tile, stored, pulses, truth, tier) for tier in ("ideal", "fast", "exact")},
            )


def _error(tile: Tile, stored: Array, pulses: Array, truth: Array, tier: str) -> float:
    """Largest error of the columns; a direct current is the charge of pulses that last."""
    return float(np.abs(tile.charges(stored, pulses, tier)[:, 0] - truth).max()) / _FULL_SCALE

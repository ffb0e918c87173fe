"""Mismatch of a charge-to-pulse converter: offset and gain of every Monte Carlo sample, and their spread."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gaincell_char.behavior.schema import Condition, PulseMismatch
from gaincell_char.errors import InputError
from gaincell_char.fit import grids
from gaincell_char.fit.converter import LSBS
from gaincell_char.fit.grids import Array
from gaincell_char.fit.samples import samples_at
from gaincell_char.sweep.dataset import Dataset

_NEAR = 0.1
"""A pulse within this many LSB of zero or of the longest is not on the line."""


def fit_mismatch(
    dataset: Dataset, full_scale_C: float, t_max_s: float, condition: Condition | None = None
) -> PulseMismatch:
    """Standard deviations of offset (s) and gain (of the slope t_max_s/full_scale_C) over the samples of a sweep.

    A dataset with negative pulses is a signed converter's. Each sample's line goes through its pulses that are neither
    zero nor clamped.

    Raises
    ------
    InputError
        The condition was not swept, a column is missing, a sample failed, or there are too few.
    """
    grids.require(dataset, ["charge_C", "pulse_s"])
    samples = samples_at(dataset, condition)
    rows = samples.rows
    positive = lines(rows, 1.0, full_scale_C, t_max_s)
    negative = lines(rows, -1.0, full_scale_C, t_max_s) if bool((rows["pulse_s"] < 0).any()) else None
    offset, gain = positive.std(axis=0, ddof=1)
    of_negative = None if negative is None else negative.std(axis=0, ddof=1)
    return PulseMismatch(
        condition=samples.condition,
        samples=samples.count,
        seed=samples.seed,
        offset_s=float(offset),
        gain=float(gain),
        offset_negative_s=None if of_negative is None else float(of_negative[0]),
        gain_negative=None if of_negative is None else float(of_negative[1]),
    )


def lines(rows: pd.DataFrame, sign: float, full_scale_C: float, t_max_s: float) -> Array:
    """Offset (s) and gain of every sample's pulses of one sign, (samples, 2).

    width = gain t_max_s |Q|/full_scale_C + offset. Where the rows have no `window_s`, no pulse may be clamped.

    Raises
    ------
    InputError
        A sample has fewer than two pulses on its line.
    """
    return np.array(list(_lines(rows, sign, full_scale_C, t_max_s)))


def _lines(rows: pd.DataFrame, sign: float, full_scale_C: float, t_max_s: float) -> Iterator[tuple[float, float]]:
    near = _NEAR * t_max_s / LSBS
    for sample, of_sample in rows.groupby("sample"):
        size, width = (sign * of_sample[name].to_numpy(float) for name in ("charge_C", "pulse_s"))
        on_line = (width > near) & (size > 0)
        if "window_s" in of_sample.columns:
            on_line &= width < of_sample["window_s"].to_numpy(float) - near
        if on_line.sum() < 2:
            raise InputError(
                f"sample {sample}: {on_line.sum()} pulses of {'positive' if sign > 0 else 'negative'} charges are "
                "neither zero nor clamped; a line needs 2"
            )
        slope, offset = np.polyfit(size[on_line] / full_scale_C, width[on_line], 1)
        yield float(offset), float(slope) / t_max_s

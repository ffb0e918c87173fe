"""The pulse counter's section: phase of its clock, fastest clock and energies at every condition that was measured."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gaincell_char.behavior.schema import Condition, CounterFigures, PulseCounter
from gaincell_char.errors import InputError
from gaincell_char.fit import grids
from gaincell_char.fit.disturb import single_value
from gaincell_char.sweep.dataset import Dataset

_PERIODS_PER_STEP = 8
_BITS = 5
_LARGEST_COUNT = 16
_SIGNS = 2


def fit_counter(
    counts: Dataset, phase: Dataset, aperture: Dataset, maximum: Dataset, corners: Dataset | None = None
) -> PulseCounter:
    """The counter at every condition that has counts, phase, aperture and maximum.

    The narrowest pulse that counts is the first clock edge after the window, in the middle of its interval over the
    phases of the fast clock, plus how much before that edge a pulse may end and still be seen, less the lag from
    window to pulse. The interval is one period of the fast clock wide. Energy of a count is the slope of a column's
    energy over its count, energy of a conversion the rest of it and the column's share of both signs' clocks. The
    maximum clock is that of the count clock, in steps per second.

    Parameters
    ----------
    counts, phase, aperture, maximum
        Sweeps of the testbenches `count`, `phase`, `aperture`, `maximum`.
    corners
        Counts at other conditions, of fewer widths; where `counts` has the condition too, those are taken.

    Raises
    ------
    InputError
        No condition in common, a pulse seen before a clearer one was not, or no clock at which the counter counts.
    """
    parts = [dict(grids.by_condition(dataset)) for dataset in (counts, phase, aperture, maximum)]
    if corners is not None:
        parts[0] |= {condition: rows for condition, rows in grids.by_condition(corners) if condition not in parts[0]}
    common = [condition for condition in parts[0] if all(condition in part for part in parts[1:])]
    if not common:
        raise InputError("pulse_counter: the sweeps count, phase, aperture and maximum have no condition in common")
    period = single_value(phase, "clock_period_s")
    lag, columns = grids.parameter(phase, "pulse_counter.pulse_lag_s"), grids.parameter(counts, "pulse_counter.columns")
    return PulseCounter(
        bits=_BITS,
        largest_count=_LARGEST_COUNT,
        clock_period_s=_PERIODS_PER_STEP * period,
        phase_spread_s=period,
        figures=[_figures(condition, [part[condition] for part in parts], lag, columns) for condition in common],
    )


def _figures(condition: Condition, rows: list[pd.DataFrame], lag_s: float, columns: float) -> CounterFigures:
    counted, phases, margins, clocks = rows
    slope, rest = np.polyfit(counted["count"].to_numpy(float), counted["energy_J"].to_numpy(float), 1)
    clock = _SIGNS * float(counted["clock_energy_J"].mean()) / columns
    return CounterFigures(
        condition=condition,
        phase_s=float(phases["first_edge_s"].mean()) + boundary_s(margins) - lag_s,
        maximum_clock_Hz=1 / (_PERIODS_PER_STEP * shortest_period_s(clocks)),
        energy_per_count_J=float(slope),
        energy_per_conversion_J=float(rest) + clock,
    )


def boundary_s(rows: pd.DataFrame) -> float:
    """The end of a pulse, relative to the clock's edge, from which on it is counted: half way between two margins.

    Raises
    ------
    InputError
        All margins are on one side, or seen and unseen ones alternate.
    """
    ordered = rows.sort_values("margin_s")
    margins, seen = ordered["margin_s"].to_numpy(float), ordered["seen"].to_numpy(float)
    steps = np.flatnonzero(np.diff(seen) != 0)
    if steps.size != 1 or seen[0] > seen[-1]:
        raise InputError(
            f"pulse_counter.aperture: margins of {margins[0]:g} to {margins[-1]:g} s cross {steps.size} boundaries, "
            "expected one; sweep margin_s farther or finer"
        )
    return float(margins[steps[0] : steps[0] + 2].mean())


def shortest_period_s(rows: pd.DataFrame) -> float:
    """The shortest period of the fast clock down to which every count was right.

    Raises
    ------
    InputError
        The longest one already miscounts.
    """
    right = (rows["miscount"] == 0).groupby(rows["clock_period_s"]).all().sort_index(ascending=False)
    good = right.index[right.cummin()]
    if good.empty:
        raise InputError(
            f"pulse_counter.maximum: miscounts at the slowest clock swept, {right.index[0]:g} s; sweep slower ones"
        )
    return float(good[-1])

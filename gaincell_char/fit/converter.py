"""Transfer of a charge-to-pulse converter, ReLU or signed: zero, a nearly straight line, the clamp.

The line's bends are a cubic spline through the fitted pulses that are neither zero nor clamped; where it starts and
where it meets the clamp follow from the spline itself, so both kinks of the transfer are exact knots.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gaincell_char.behavior.functions import PiecewisePolynomial
from gaincell_char.behavior.schema import Condition, PulseFigures, Transfer
from gaincell_char.fit import grids
from gaincell_char.fit.grids import Array
from gaincell_char.fit.held_out import Mask, fit_error, held_out
from gaincell_char.fit.spline import interpolating_piecewise
from gaincell_char.spice.types import FailureKind, SimulationFailure
from gaincell_char.sweep.dataset import Dataset

LSBS = 15.5
"""Counter steps of a full scale."""
_FEWEST = 3
_NEAR = 0.1
"""A pulse within this many LSB of zero or of the longest is not on the line."""


@dataclass(frozen=True)
class _Branch:
    """Pulses of one sign, as widths over |charge|: `spline` from `start_C`, where they begin, to `clamp_C`."""

    start_C: float
    clamp_C: float
    spline: PiecewisePolynomial
    figures: PulseFigures


def fit_transfers(dataset: Dataset, full_scale_C: float, t_max_s: float) -> list[Transfer]:
    """The transfer at every condition swept; raises as `fit_transfer`."""
    return [
        _transfer(dataset, condition, rows, full_scale_C, t_max_s) for condition, rows in grids.by_condition(dataset)
    ]


def fit_transfer(dataset: Dataset, full_scale_C: float, t_max_s: float, condition: Condition | None = None) -> Transfer:
    """The transfer at one condition, from the columns `charge_C`, `pulse_s` and `energy_J` of a converter's sweep.

    A dataset with negative pulses is a signed converter's. Every second charge is held out.

    Parameters
    ----------
    full_scale_C, t_max_s
        The charge that would give `t_max_s` on the ideal line; gain error and LSB refer to them.
    condition
        None: tt nearest to 27 C.

    Raises
    ------
    InputError
        The condition was not swept, or a column is missing.
    SimulationFailure
        `MEASURE_FAILED`: too few pulses on the line, or the clamp is never reached.
    """
    found, rows = grids.at_condition(dataset, condition)
    return _transfer(dataset, found, rows, full_scale_C, t_max_s)


def _transfer(
    dataset: Dataset, condition: Condition, rows: pd.DataFrame, full_scale_C: float, t_max_s: float
) -> Transfer:
    grids.require(dataset, ["charge_C", "pulse_s", "energy_J"])
    rows = rows.sort_values("charge_C")
    charge, pulse, energy = (rows[name].to_numpy(float) for name in ("charge_C", "pulse_s", "energy_J"))
    held = held_out(len(charge))
    where = f"{grids.name(dataset)} at {condition.corner}, {condition.temperature_C:g} C, {condition.vdd_V:g} V"
    positive = _branch(charge, pulse, held, full_scale_C, t_max_s, where)
    signed = bool((pulse < 0).any())
    negative = _branch(-charge[::-1], -pulse[::-1], held[::-1], full_scale_C, t_max_s, where) if signed else None
    function = _joined(positive, negative, float(charge[0]), float(charge[-1]))
    full_energy = float(energy.max())
    energy_J = _polyline(charge[~held], energy[~held])
    return Transfer(
        condition=condition,
        stimulus="cells",
        pulse_s=function,
        pulse_error=fit_error(function(charge), pulse, t_max_s, int((~held).sum()), held),
        positive=positive.figures,
        negative=None if negative is None else negative.figures,
        dead_zone_C=max(0.0, positive.start_C) if negative is None else max(0.0, positive.start_C + negative.start_C),
        energy_J=energy_J,
        energy_error=fit_error(energy_J(charge), energy, full_energy, int((~held).sum()), held),
    )


def _branch(charge: Array, width: Array, held: Mask, full_scale_C: float, t_max_s: float, where: str) -> _Branch:
    """The pulses of positive charge; charges ascend, widths of the other sign are negative."""
    lsb_s, lsb_C, longest = t_max_s / LSBS, full_scale_C / LSBS, float(width.max())
    on_line = (width > _NEAR * lsb_s) & (width < longest - _NEAR * lsb_s)
    seen = on_line & ~held
    if seen.sum() < _FEWEST:
        raise SimulationFailure(
            FailureKind.MEASURE_FAILED,
            f"{where}: {seen.sum()} fitted pulses are neither zero nor clamped; a transfer needs {_FEWEST} or more",
        )
    slope, offset = np.polyfit(charge[on_line] / full_scale_C, width[on_line], 1)
    beyond = slope * charge[-1] / full_scale_C + offset
    if beyond < longest + _NEAR * lsb_s:
        raise SimulationFailure(
            FailureKind.MEASURE_FAILED,
            f"{where}: the clamp is never reached, the longest pulse is {longest:.4g} s at {charge[-1]:.4g} C",
        )
    spline = interpolating_piecewise(charge[seen], width[seen], "C", "s")
    last_without, first_with = charge[width <= 0].max(initial=charge[0]), charge[width > 0].min()
    start = float(np.clip(_reaches(spline, 0, 0.0), last_without, first_with))
    clamp = _reaches(spline, -1, longest)
    ends = np.linspace(max(start, charge[on_line][0]), clamp - lsb_C, 201)
    extended = _between(spline, start, clamp)
    return _Branch(
        start_C=start,
        clamp_C=clamp,
        spline=extended,
        figures=PulseFigures(
            offset_s=float(offset),
            gain_error=float(slope) / t_max_s - 1,
            inl_s=float(np.abs(width[on_line] - slope * charge[on_line] / full_scale_C - offset).max()),
            dnl_s=float(np.abs(extended(ends + lsb_C) - extended(ends) - slope / LSBS).max()),
            clamp_s=longest,
        ),
    )


def _reaches(spline: PiecewisePolynomial, interval: int, value: float) -> float:
    """Where the first (0) or last (-1) polynomial, continued as the straight line of its outer end, reaches `value`."""
    left, right = (spline.knots[0], spline.knots[1]) if interval == 0 else (spline.knots[-2], spline.knots[-1])
    polynomial = np.polynomial.Polynomial(spline.coefficients[interval])
    at = 0.0 if interval == 0 else right - left
    return left + at + (value - float(polynomial(at))) / float(polynomial.deriv()(at))


def _between(spline: PiecewisePolynomial, start: float, stop: float) -> PiecewisePolynomial:
    """`spline`, continued as straight lines to `start` and `stop`, which lie outside it, and then without its ends."""
    first, last = spline.coefficients[0], np.polynomial.Polynomial(spline.coefficients[-1])
    end = spline.knots[-1] - spline.knots[-2]
    slope_in, slope_out = first[1], float(last.deriv()(end))
    knots, rows = list(spline.knots), [list(row) for row in spline.coefficients]
    if start < knots[0]:
        rows.insert(0, [first[0] - slope_in * (knots[0] - start), slope_in, 0.0, 0.0])
        knots.insert(0, start)
    if stop > knots[-1]:
        rows.append([float(last(end)), slope_out, 0.0, 0.0])
        knots.append(stop)
    return spline.model_copy(update={"knots": knots, "coefficients": rows})


def _joined(positive: _Branch, negative: _Branch | None, lowest: float, highest: float) -> PiecewisePolynomial:
    """The whole transfer, from the lowest to the highest charge that was swept."""
    start = positive.start_C
    knots: list[float]
    rows: list[list[float]]
    if negative is None:
        knots, rows = [min(lowest, start - 1e-18), start], [[0.0] * 4]
    else:
        other = -negative.start_C
        if other > start:  # both signs have a pulse about zero: the sign changes halfway
            start = other = (start + other) / 2
        mirrored = _mirrored(negative.spline, other)
        knots, rows = list(mirrored.knots), list(mirrored.coefficients)
        if -negative.clamp_C > lowest:
            knots.insert(0, lowest)
            rows.insert(0, [-negative.figures.clamp_s, 0.0, 0.0, 0.0])
        if start > other:
            knots.append(start)
            rows.append([0.0] * 4)
    forward = _started(positive.spline, start)
    knots += forward.knots[1:]
    rows += forward.coefficients
    if highest > knots[-1]:
        knots.append(highest)
        rows.append([positive.figures.clamp_s, 0.0, 0.0, 0.0])
    return PiecewisePolynomial(knots=knots, coefficients=rows, x_unit="C", y_unit="s")


def _started(spline: PiecewisePolynomial, start: float) -> PiecewisePolynomial:
    """`spline` with its first knot moved to `start`, which lies in its first interval or before it."""
    moved = np.polynomial.Polynomial(spline.coefficients[0])(np.polynomial.Polynomial([start - spline.knots[0], 1.0]))
    first = np.zeros(4)
    first[: len(moved.coef)] = moved.coef
    return spline.model_copy(
        update={
            "knots": [start, *spline.knots[1:]],
            "coefficients": [first.tolist(), *spline.coefficients[1:]],
        }
    )


def _mirrored(spline: PiecewisePolynomial, end: float) -> PiecewisePolynomial:
    """-spline(-x), ending at `end`, which lies in its last interval or behind it."""
    knots = [-knot for knot in reversed(spline.knots)]
    knots[-1] = end
    rows = []
    for left, old, row in zip(knots[:-1], spline.knots[-2::-1], reversed(spline.coefficients), strict=True):
        flipped = -np.polynomial.Polynomial(row)(np.polynomial.Polynomial([-left - old, -1.0]))
        padded = np.zeros(4)
        padded[: len(flipped.coef)] = flipped.coef
        rows.append(padded.tolist())
    return PiecewisePolynomial(knots=knots, coefficients=rows, x_unit="C", y_unit="s")


def _polyline(x: Array, y: Array) -> PiecewisePolynomial:
    """Straight lines through every point."""
    slopes = np.diff(y) / np.diff(x)
    rows = np.stack([y[:-1], slopes], axis=1).tolist()
    return PiecewisePolynomial(knots=x.tolist(), coefficients=rows, x_unit="C", y_unit="J")

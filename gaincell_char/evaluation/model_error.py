"""What a loss may be off by because a behavioral model is a fit: the loss of models that differ by what the fit may.

A fit says its error on points that it did not see, rms and largest. A draw adds to every such fit of a model a smooth
random field of that rms, and not above that largest: another model that the same held-out points allow. The losses of
some draws give the interval in which nearly all lie; what is measured directly and not fitted (written
levels, read disturb, pulse widths of the input levels, the counter) has no such bound and stays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.polynomial import Chebyshev

from gaincell_char.behavior.arithmetic import piecewise, plus, polynomial_plus, surface_plus
from gaincell_char.behavior.base import FitError
from gaincell_char.behavior.converters import Converter, Transfer
from gaincell_char.behavior.schema import BehavioralModel, Cell, LowRankRetention
from gaincell_char.errors import InputError
from gaincell_char.evaluation.interval import Interval

Array = npt.NDArray[np.float64]

TERMS = 7
"""Chebyshev terms of a field: it crosses zero about as often as the residuals of our fits do."""
_GRID = 201
_Z95 = 1.959963985


def fit_bounds(model: BehavioralModel) -> dict[str, FitError]:
    """The errors on held-out points of the fits that attention computes with, at the model's condition."""
    cell, array = model.cell, model.array
    found: dict[str, FitError | None] = {}
    if cell.pulse_charge is not None:
        found["cell.current"] = cell.pulse_charge.read_current_error
        found["cell.pulse_charge.surface"] = cell.pulse_charge.surface_error
    if isinstance(cell.retention, LowRankRetention):
        found["cell.retention"] = cell.retention.error
    for name in ("charge_to_pulse", "signed_charge_to_pulse"):
        transfer = getattr(model, name).transfer(model.condition)
        found[name] = None if transfer is None else transfer.pulse_error
    if array is not None and array.current is not None:
        found["array.current"] = array.current.error
    return {name: error for name, error in found.items() if error is not None}


def with_fit_errors(model: BehavioralModel, seed: int) -> BehavioralModel:
    """`model` with a field drawn for `seed` on each of its `fit_bounds`.

    Raises
    ------
    InputError
        A model without a held-out error, as the published ones.
    """
    bounds = fit_bounds(model)
    if not bounds:
        raise InputError(f"model {model.name}: no fit of it has an error on held-out points; nothing bounds its loss")
    randoms = {name: np.random.default_rng([seed, *name.encode()]) for name in bounds}
    update: dict[str, Any] = {
        name: _converter(getattr(model, name), model, bounds[name], randoms[name])
        for name in ("charge_to_pulse", "signed_charge_to_pulse")
        if name in bounds
    }
    moved = model.model_copy(update={"cell": _cell(model.cell, bounds, randoms), **update})
    if moved.array is None or moved.array.current is None:
        return moved
    law = moved.array.current
    knots = law.sink_A[0].knots
    terms = len(law.sink_A[0].coefficients[0])  # all functions of a tile's law are of one order
    drawn = field(knots[0], knots[-1], law.error, randoms["array.current"], terms=terms)
    added = piecewise(drawn, "V", "A")
    law = law.model_copy(update={"sink_A": [plus(law.sink_A[0], added), *law.sink_A[1:]]})
    return moved.model_copy(update={"array": moved.array.model_copy(update={"current": law})})


def field(
    low: float, high: float, bound: FitError, random: np.random.Generator, ends: bool = True, terms: int = TERMS
) -> Chebyshev:
    """A random field over `low`..`high` of the bound's rms, less where it would be above its maximum; without `ends`
    it is 0 at both."""
    drawn = Chebyshev(random.standard_normal(terms), domain=[low, high])
    if not ends:
        drawn = drawn * Chebyshev([0.5, 0.0, -0.5], domain=[low, high])  # 1 - u^2
    return drawn * _scale(drawn(np.linspace(low, high, _GRID)), bound)


def prediction_interval(losses: Sequence[float]) -> Interval:
    """Mean of `losses` (n,) of n draws, and the interval that holds 95 % of all draws, with 95 % confidence.

    Normal tolerance limits of Howe (1969): mean +- z s sqrt((n - 1)(1 + 1/n) / chi2), chi2 the 0.05 quantile of n - 1
    degrees of freedom. Few draws may miss how far the losses spread: that is in the interval.

    Raises
    ------
    ValueError
        Fewer than two draws have no spread.
    """
    if len(losses) < 2:
        raise ValueError(f"{len(losses)} draw of a model's errors has no spread; draw 2 or more")
    n, mean = len(losses), float(np.mean(losses))
    spread = float(np.std(losses, ddof=1)) * math.sqrt((n - 1) * (1 + 1 / n) / _lower_chi2(n - 1))
    return Interval(mean, mean - _Z95 * spread, mean + _Z95 * spread)


def _lower_chi2(freedom: int) -> float:
    """The 0.05 quantile of chi-square: exact for 1 and 2 degrees of freedom, within 1 % for more (Wilson and Hilferty
    1931)."""
    if freedom == 1:
        return 0.003932140
    if freedom == 2:
        return -2 * math.log(0.95)
    part = 2 / (9 * freedom)
    return float(freedom * (1 - part - 1.6448536 * math.sqrt(part)) ** 3)


def _scale(values: Array, bound: FitError) -> float:
    rms, largest = float(np.sqrt(np.mean(values**2))), float(np.abs(values).max())
    return min(bound.rms / rms, bound.maximum / largest)


def _cell(cell: Cell, bounds: dict[str, FitError], randoms: dict[str, np.random.Generator]) -> Cell:
    retention, charge, current = cell.retention, cell.pulse_charge, cell.current
    low, high = current.domain
    if "cell.current" in bounds:
        added = field(low, high, bounds["cell.current"], randoms["cell.current"])
        current = polynomial_plus(current, added)
        if isinstance(retention, LowRankRetention):  # its first term is the fresh current
            first = plus(retention.level_factors[0], piecewise(added, "V", "A"))
            retention = retention.model_copy(update={"level_factors": [first, *retention.level_factors[1:]]})
    if charge is not None and "cell.pulse_charge.surface" in bounds:
        x, y = charge.surface.x_knots, charge.surface.y_knots
        middle, half = (y[0] + y[-1]) / 2, (y[-1] - y[0]) / 2
        random = randoms["cell.pulse_charge.surface"]
        parts = [Chebyshev(random.standard_normal(TERMS), domain=[x[0], x[-1]]) for _ in range(2)]
        grid, u = np.linspace(x[0], x[-1], _GRID), np.linspace(-1, 1, 21)
        scale = _scale(parts[0](grid)[:, None] + parts[1](grid)[:, None] * u, bounds["cell.pulse_charge.surface"])
        surface = surface_plus(charge.surface, [part * scale for part in parts], middle, half)
        charge = charge.model_copy(update={"surface": surface})
    if isinstance(retention, LowRankRetention) and "cell.retention" in bounds:
        retention = _aging(retention, (low, high), bounds["cell.retention"], randoms["cell.retention"])
    return cell.model_copy(update={"current": current, "pulse_charge": charge, "retention": retention})


def _aging(
    law: LowRankRetention, levels: tuple[float, float], bound: FitError, random: np.random.Generator
) -> LowRankRetention:
    """One term more, a field of the level times one of the age that is 0 at age 0, where the law is exact."""
    last = law.age_factors[0].knots[-1]
    of_level = Chebyshev(random.standard_normal(TERMS), domain=list(levels))
    ramp = Chebyshev([0.5, 0.5], domain=[0, last])
    of_age = Chebyshev(random.standard_normal(TERMS), domain=[0, last]) * ramp
    grid, ages = np.linspace(*levels, _GRID), np.linspace(0, last, _GRID)
    scale = _scale(np.outer(of_level(grid), of_age(ages)), bound)
    return law.model_copy(
        update={
            "level_factors": [*law.level_factors, piecewise(of_level * scale, "V", "A")],
            "age_factors": [*law.age_factors, piecewise(of_age, law.age_factors[0].x_unit, "1")],
        }
    )


def _converter(converter: Converter, model: BehavioralModel, bound: FitError, random: np.random.Generator) -> Converter:
    """With a field on each line of its transfer; no pulse stays none, and a clamped one clamped."""
    transfers = []
    for transfer in converter.transfers:
        if transfer.condition == model.condition:
            curve = transfer.pulse_s
            for low, high in lines(transfer):
                curve = plus(curve, piecewise(field(low, high, bound, random, ends=False), "C", "s"))
            transfer = transfer.model_copy(update={"pulse_s": curve})
        transfers.append(transfer)
    return converter.model_copy(update={"transfers": transfers})


def lines(transfer: Transfer) -> list[tuple[float, float]]:
    """Where the transfer is neither without a pulse nor clamped: charges (C), of each sign that has pulses."""
    knots = np.asarray(transfer.pulse_s.knots)
    bent = np.any(np.asarray(transfer.pulse_s.coefficients)[:, 1:] != 0, axis=1)
    pulse = transfer.pulse_s((knots[:-1] + knots[1:]) / 2)
    signs = [1] if transfer.negative is None else [-1, 1]
    of_signs = [np.flatnonzero(bent & (sign * pulse > 0)) for sign in signs]
    return [(float(knots[on[0]]), float(knots[on[-1] + 1])) for on in of_signs if on.size]

"""The law I(level, age) as a sum of few products: what a decaying store does to the current that attention reads."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gaincell_char.behavior.functions import Polynomial
from gaincell_char.behavior.schema import Condition, LowRankRetention
from gaincell_char.fit.decay import single_tau, toward
from gaincell_char.fit.grids import Array, Grid
from gaincell_char.fit.held_out import fit_error, held_out
from gaincell_char.fit.spline import as_piecewise, interpolating_piecewise

GOAL = 1e-2
"""Largest held-out error at which no more terms are added, relative to full scale."""
_HIGHEST_RANK = 6
_AGE_UNIT = "log10(1 + age / age_scale)"


def fit_law(
    decay: Grid, current: Polynomial, condition: Condition, v_inf_V: float, token_period_s: float, goal: float = GOAL
) -> LowRankRetention:
    """The law of smallest rank whose error on held-out levels and ages is within `goal` of full scale.

    The table is current(V(level, age)). Its first term is the fresh current itself, exactly `current`, with the age
    factor that takes most of the table; the others are the leading singular vectors of the rest, and vanish at age 0.
    So the law at age 0 is the cell without decay, and a separable law has rank 1.

    Parameters
    ----------
    decay
        V_store over level (x, voltage at age 0) and age in s (y, the first one 0).
    current
        Read current over stored voltage.
    """
    held = held_out(len(decay.x)), held_out(len(decay.y))
    level, age_s = decay.x, decay.y
    seen = np.ix_(~held[0], ~held[1])
    # the voltage at age 0 is the level by definition of the law; a transient's first point is the solver's of that
    table = current(decay.z)
    table[:, 0] = current(level)
    full_scale = float(np.abs(table[:, 0]).max())
    age_scale_s = float(age_s[1])
    factors = _factors(table[seen])
    law: LowRankRetention | None = None
    tau_s, _ = single_tau(decay.z, age_s, v_inf_V)
    for rank in range(1, min(_HIGHEST_RANK, len(factors)) + 1):
        law = LowRankRetention(
            token_period_s=token_period_s,
            age_scale_s=age_scale_s,
            level_factors=[as_piecewise(current)]
            + [interpolating_piecewise(level[~held[0]], f, "V", "A") for f, _ in factors[1:rank]],
            age_factors=[
                interpolating_piecewise(log_age(age_s[~held[1]], age_scale_s), g, _AGE_UNIT, "1")
                for _, g in factors[:rank]
            ],
            error=None,
            single_tau_s=tau_s,
            single_tau_error=fit_error(
                current(toward(level, age_s, tau_s, v_inf_V)), table, full_scale, table.size, *held
            ),
            condition=condition,
        )
        error = fit_error(law_current(law)(level[:, None], age_s), table, full_scale, table[seen].size, *held)
        law = law.model_copy(update={"error": error})
        if error.maximum_relative <= goal:
            break
    assert law is not None  # there is always a first term
    return law


def log_age(age_s: Array, age_scale_s: float) -> Array:
    """The argument of age factors."""
    return np.log10(1 + np.asarray(age_s) / age_scale_s)


def law_current(law: LowRankRetention) -> Callable[[Array, Array], Array]:
    """The law as a function (level V, age s) -> A, arguments broadcast."""

    def evaluate(level: Array, age_s: Array) -> Array:
        x = log_age(age_s, law.age_scale_s)
        terms = [f(level) * g(x) for f, g in zip(law.level_factors, law.age_factors, strict=True)]
        return sum(terms[1:], start=terms[0])

    return evaluate


def _factors(table: Array) -> list[tuple[Array, Array]]:
    """(level factor, age factor) pairs of `table` (levels, ages): the fresh current, then the rest, largest first."""
    fresh = table[:, 0]
    share = fresh @ table / (fresh @ fresh)
    left, size, right = np.linalg.svd(table - np.outer(fresh, share), full_matrices=False)
    return [(fresh, share)] + [
        (left[:, r] * size[r], right[r]) for r in np.flatnonzero(size > 1e-12 * np.linalg.norm(table))
    ]

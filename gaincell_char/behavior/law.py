"""The current of a stored cell as attention needs it: I(V, age)/I_u as a sum of products, age in tokens.

    I(V, age)/I_u = sum_r level_r(V) age_r(age)

V is the voltage written, at age 0. The paper's law is the exponential case: the deviation from V_inf shrinks with
r = exp(-lambda age), so the term of order i is A_i (V - V_inf)^i r^i.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gaincell_char.behavior.functions import PiecewisePolynomial
from gaincell_char.behavior.schema import BehavioralModel, Cell, ExponentialRetention, LowRankRetention

Array = npt.NDArray[np.floating[Any]]


class CurrentLaw(Protocol):
    """A sum of products of a function of the level and a function of the age."""

    @property
    def rank(self) -> int:
        """Number of terms."""

    def level_terms(self, level_V: Array) -> Array:
        """The level functions at `level_V`, any shape, in unit currents: (rank, *shape), in the dtype of `level_V`."""

    def age_terms(self, age: Array) -> Array:
        """The age functions at `age` (tokens, >= 0, any shape): (rank, *shape)."""


@dataclass(frozen=True)
class PolynomialLaw:
    """Terms A_i (V - v_inf_V)^i r^i, r = exp(-decay age): one term in all where nothing decays.

    `coefficients` are A_i in unit currents about `v_inf_V`; `decay` is lambda per token. With `bfloat16` the decay is
    rounded as in the paper's training code: r_1 = bf16(r), r_i = bf16(r_(i-1) r_1).
    """

    v_inf_V: float
    coefficients: tuple[float, ...]
    decay: float
    bfloat16: bool = False

    @property
    def rank(self) -> int:
        return len(self.coefficients) if self.decay else 1

    def level_terms(self, level_V: Array) -> Array:
        offset = level_V - level_V.dtype.type(self.v_inf_V)
        if not self.decay:
            total = np.zeros_like(offset)
            for coefficient in reversed(self.coefficients):
                total *= offset
                total += coefficient
            return total[np.newaxis]
        terms = np.empty((self.rank, *offset.shape), offset.dtype)
        power = np.ones_like(offset)
        for order, coefficient in enumerate(self.coefficients):
            terms[order] = coefficient * power
            power *= offset
        return terms

    def age_terms(self, age: Array) -> Array:
        if not self.decay:
            return np.ones((1, *np.shape(age)))
        r = np.exp(-self.decay * np.asarray(age, float))
        if not self.bfloat16:
            return np.stack([r**order for order in range(self.rank)])
        terms = [np.ones_like(r), to_bfloat16(r)]
        while len(terms) < self.rank:
            terms.append(to_bfloat16(terms[-1] * terms[1]))
        return np.stack(terms[: self.rank])


@dataclass(frozen=True)
class MeasuredLaw:
    """The fitted rank terms of a retention measurement; age in tokens becomes seconds by `token_period_s`."""

    retention: LowRankRetention
    unit_current_A: float

    @property
    def rank(self) -> int:
        return len(self.retention.level_factors)

    def level_terms(self, level_V: Array) -> Array:
        return _stack(self.retention.level_factors, level_V, level_V.dtype) / level_V.dtype.type(self.unit_current_A)

    def age_terms(self, age: Array) -> Array:
        age_s = np.asarray(age, float) * self.retention.token_period_s
        return _stack(self.retention.age_factors, np.log10(1 + age_s / self.retention.age_scale_s), np.dtype(float))


class TabulatedLaw:
    """`law` for levels that lie on the grid 0, step, 2 step, ...: its level functions looked up, not evaluated."""

    def __init__(self, law: CurrentLaw, step_V: float, levels: int) -> None:
        self._law = law
        self._step_V = step_V
        self._table = law.level_terms(step_V * np.arange(levels))

    @property
    def rank(self) -> int:
        return self._law.rank

    def level_terms(self, level_V: Array) -> Array:
        index = np.rint(level_V / level_V.dtype.type(self._step_V)).astype(np.intp)
        return self._table.astype(level_V.dtype, copy=False)[:, index]

    def age_terms(self, age: Array) -> Array:
        return self._law.age_terms(age)


def _stack(functions: list[PiecewisePolynomial], x: Array, dtype: np.dtype[Any]) -> Array:
    return np.stack([function(x) for function in functions]).astype(dtype, copy=False)


def current_law(model: BehavioralModel, decay: bool | float = True) -> CurrentLaw:
    """The law of `model`'s cell: with its own retention (True), without (False), or exponential with lambda = `decay`.

    A `decay` given as a number goes toward the V_inf of an exponential retention, else toward the center of the
    cell's polynomial. Without decay the current is the cell's polynomial. A measured law begins with the current of the
    condition that it was measured at; at another one there is no decay, rather than another cell's current.
    """
    cell = model.cell
    law = cell.retention
    if decay is True and isinstance(law, LowRankRetention) and law.condition == model.condition:
        return MeasuredLaw(law, cell.unit_current_A)
    v_inf_V = law.v_inf_V if isinstance(law, ExponentialRetention) else cell.current.center
    if isinstance(decay, bool):
        rate = law.decay_per_token if decay and isinstance(law, ExponentialRetention) else 0.0
    else:
        rate = float(decay)
    return PolynomialLaw(v_inf_V, coefficients_about(cell, v_inf_V), rate)


def coefficients_about(cell: Cell, center_V: float) -> tuple[float, ...]:
    """A_i of I(V)/I_u = sum_i A_i (V - center_V)^i; exactly the cell's own where the centers are equal."""
    a = [coefficient / cell.unit_current_A for coefficient in cell.current.coefficients]
    shift = center_V - cell.current.center
    if shift == 0:
        return tuple(a)
    return tuple(
        sum(a[j] * math.comb(j, i) * shift ** (j - i) for j in range(i, len(a))) for i in range(len(a))
    )  # fmt: skip


def to_bfloat16(values: Array) -> Array:
    """`values` rounded to the 8 significant bits of bfloat16, half to even, in their own dtype."""
    mantissa, exponent = np.frexp(values)
    rounded: Array = np.ldexp(np.rint(mantissa * 256) / 256, exponent)
    return rounded

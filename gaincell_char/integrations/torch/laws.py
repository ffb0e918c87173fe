"""The current of a stored cell on tensors: the sum of products of `behavior.law`, and its surrogate for gradients.

I(V, age)/I_u = sum_r level_r(V) age_r(age)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gaincell_char.behavior.functions import PiecewisePolynomial
from gaincell_char.behavior.law import CurrentLaw, MeasuredLaw, PolynomialLaw, to_bfloat16

Array = npt.NDArray[np.floating[Any]]

LINEAR_SLOPE = 19.3
"""Unit currents per volt of the linear hardware model (arXiv 2409.19315): the slope that gradients of any cell see."""


class TensorLaw:
    """A polynomial or measured law on tensors.

    `levels_V` (n,) are the voltages that a quantizer leaves, on the grid 0, step, 2 step, ...: a measured law is then
    looked up. None: any voltage comes, and the law's functions are evaluated.
    """

    def __init__(self, law: CurrentLaw, levels_V: Array | None) -> None:
        self.law = law
        self._step_V = 0.0 if levels_V is None else float(levels_V[1])
        looked_up = levels_V is not None and isinstance(law, MeasuredLaw)
        self._table = law.level_terms(np.asarray(levels_V)) if looked_up else None

    def level_terms(self, level_V: Tensor) -> list[Tensor]:
        """The level functions at `level_V`, one tensor of its shape and dtype a term, in unit currents."""
        if isinstance(self.law, PolynomialLaw):
            return _polynomial_terms(self.law, level_V)
        if self._table is not None:
            index = torch.round(level_V / self._step_V).long()
            return [row[index] for row in torch.as_tensor(self._table, dtype=level_V.dtype, device=level_V.device)]
        if isinstance(self.law, MeasuredLaw):
            factors, unit_A = self.law.retention.level_factors, self.law.unit_current_A
            return [_piecewise(factor, level_V) / unit_A for factor in factors]
        raise TypeError(f"{type(self.law).__name__} has no form for tensors")

    def age_table(self, tokens: int, like: Tensor) -> Tensor | None:
        """The age functions at 0, 1, ..., tokens - 1: (rank, tokens) in dtype and device of `like`; None: all are 1."""
        if isinstance(self.law, PolynomialLaw) and not self.law.decay:
            return None
        return torch.as_tensor(self.law.age_terms(np.arange(float(tokens)))).to(like)


class Surrogate:
    """The law that gradients see: LINEAR_SLOPE r(age) (V - center_V), whatever the cell.

    r is the law's own decay, once: exp(-lambda age), rounded where the forward pass rounds it; of a measured law, the
    least-squares slope of its current over the stored levels, relative to that at age 0.
    """

    def __init__(self, law: CurrentLaw, levels_V: Array, center_V: float) -> None:
        self.center_V = law.v_inf_V if isinstance(law, PolynomialLaw) else center_V
        self._law = law
        self._levels_V = levels_V

    @property
    def rate(self) -> float | None:
        """lambda per token where r is exactly exp(-lambda age); None where it is not."""
        return self._law.decay if isinstance(self._law, PolynomialLaw) and not self._law.bfloat16 else None

    def decay_table(self, tokens: int, like: Tensor) -> Tensor:
        """r at ages 0, 1, ..., tokens - 1: (tokens,) in dtype and device of `like`."""
        return torch.as_tensor(self._decay(np.arange(float(tokens)))).to(like)

    def _decay(self, age: Array) -> Array:
        if isinstance(self._law, PolynomialLaw):
            r = np.exp(-self._law.decay * age)
            return to_bfloat16(r) if self._law.bfloat16 else r
        # slope of each term's level function, up to a factor that all have in common
        slopes = self._law.level_terms(self._levels_V) @ (self._levels_V - self._levels_V.mean())
        fresh: Array = slopes @ self._law.age_terms(np.zeros(1))
        relative: Array = slopes @ self._law.age_terms(age) / fresh
        return relative


def _polynomial_terms(law: PolynomialLaw, level_V: Tensor) -> list[Tensor]:
    offset = level_V - law.v_inf_V
    if law.decay:
        return [coefficient * offset**order for order, coefficient in enumerate(law.coefficients)]
    total = torch.zeros_like(offset)
    for coefficient in reversed(law.coefficients):
        total = total * offset + coefficient
    return [total]


def _piecewise(function: PiecewisePolynomial, x: Tensor) -> Tensor:
    """`function(x)`, as `PiecewisePolynomial.__call__` evaluates it."""
    knots = torch.tensor(function.knots, dtype=x.dtype, device=x.device)
    table = torch.tensor(function.coefficients, dtype=x.dtype, device=x.device)
    clamped = x.clamp(function.knots[0], function.knots[-1])
    interval = (torch.searchsorted(knots, clamped.contiguous(), right=True) - 1).clamp(0, len(function.knots) - 2)
    offset = clamped - knots[interval]
    value = torch.zeros_like(offset)
    for order in range(table.shape[1] - 1, -1, -1):
        value = value * offset + table[interval, order]
    return value

"""Functions that a JSON file can hold and NumPy can evaluate: polynomials, piecewise polynomials, tensor splines."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

Array = npt.NDArray[np.float64]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Function(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Polynomial(_Function):
    """y = sum_i coefficients[i] (x - center)^i."""

    form: Literal["polynomial"] = "polynomial"
    center: Finite
    coefficients: Annotated[list[Finite], Field(min_length=1)]
    domain: tuple[Finite, Finite]
    x_unit: str
    y_unit: str

    @property
    def degree(self) -> int:
        return len(self.coefficients) - 1

    def __call__(self, x: npt.ArrayLike) -> Array:
        """Values at `x`, any shape. Outside `domain` the polynomial is continued, not clamped."""
        offset = np.asarray(x, float) - self.center
        value: Array = np.zeros_like(offset)
        for coefficient in reversed(self.coefficients):
            value = value * offset + coefficient
        return value

    def root(self) -> float:
        """The real root inside `domain` nearest to `center`; nan where there is none."""
        significant = np.trim_zeros(np.asarray(self.coefficients), "b")
        if significant.size < 2:
            return float("nan")
        roots = np.polynomial.polynomial.polyroots(significant)
        real = roots.real[np.abs(roots.imag) < 1e-9] + self.center
        inside = real[(real >= self.domain[0]) & (real <= self.domain[1])]
        return float(inside[np.argmin(np.abs(inside - self.center))]) if inside.size else float("nan")


def _ascending(name: str, knots: list[float]) -> Array:
    values = np.asarray(knots)
    if values.size < 2 or not np.all(np.diff(values) > 0):
        raise ValueError(f"{name} must be at least two ascending numbers")
    return values


class PiecewisePolynomial(_Function):
    """On [knots[k], knots[k+1]): y = sum_i coefficients[k][i] (x - knots[k])^i. Outside: the end value, held."""

    form: Literal["piecewise_polynomial"] = "piecewise_polynomial"
    knots: list[Finite]
    coefficients: list[list[Finite]]
    x_unit: str
    y_unit: str

    @model_validator(mode="after")
    def _shape(self) -> Self:
        _ascending("knots", self.knots)
        orders = {len(row) for row in self.coefficients}
        if len(self.coefficients) != len(self.knots) - 1 or len(orders) != 1 or 0 in orders:
            raise ValueError(
                f"coefficients must have {len(self.knots) - 1} rows (one an interval) of one length, "
                f"found {len(self.coefficients)} rows of lengths {sorted(orders)}"
            )
        return self

    def __call__(self, x: npt.ArrayLike) -> Array:
        """Values at `x`, any shape."""
        knots, table = np.asarray(self.knots), np.asarray(self.coefficients)
        clamped = np.clip(np.asarray(x, float), knots[0], knots[-1])
        interval = np.clip(np.searchsorted(knots, clamped, side="right") - 1, 0, len(knots) - 2)
        offset = clamped - knots[interval]
        value: Array = np.zeros_like(offset)
        for order in range(table.shape[1] - 1, -1, -1):
            value = value * offset + table[interval, order]
        return value


class TensorSpline(_Function):
    """z(x, y) = sum_ij coefficients[k][l][i][j] (x - x_knots[k])^i (y - y_knots[l])^j on the cell (k, l) of the knots.

    A tensor-product spline stored as piecewise polynomials, so that evaluation needs no spline library. Outside the
    knots the argument is clamped to them.
    """

    form: Literal["tensor_spline"] = "tensor_spline"
    x_knots: list[Finite]
    y_knots: list[Finite]
    coefficients: list[list[list[list[Finite]]]]
    x_unit: str
    y_unit: str
    z_unit: str

    @model_validator(mode="after")
    def _shape(self) -> Self:
        _ascending("x_knots", self.x_knots)
        _ascending("y_knots", self.y_knots)
        try:
            shape = np.asarray(self.coefficients, dtype=float).shape
        except ValueError:
            shape = ()
        if len(shape) != 4 or shape[:2] != (len(self.x_knots) - 1, len(self.y_knots) - 1) or 0 in shape:
            raise ValueError(
                f"coefficients must have shape ({len(self.x_knots) - 1}, {len(self.y_knots) - 1}, orders, orders), "
                f"found {shape or 'a ragged table'}"
            )
        return self

    def __call__(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
        """Values at `x`, `y`, broadcast against each other."""
        x_knots, y_knots = np.asarray(self.x_knots), np.asarray(self.y_knots)
        table = np.asarray(self.coefficients)
        x_in, y_in = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
        x_in, y_in = np.clip(x_in, x_knots[0], x_knots[-1]), np.clip(y_in, y_knots[0], y_knots[-1])
        k = np.clip(np.searchsorted(x_knots, x_in, side="right") - 1, 0, len(x_knots) - 2)
        m = np.clip(np.searchsorted(y_knots, y_in, side="right") - 1, 0, len(y_knots) - 2)
        dx, dy = x_in - x_knots[k], y_in - y_knots[m]
        patch = table[k, m]
        value: Array = np.zeros_like(dx)
        for i in range(table.shape[2] - 1, -1, -1):
            row = np.zeros_like(dx)
            for j in range(table.shape[3] - 1, -1, -1):
                row = row * dy + patch[..., i, j]
            value = value * dx + row
        return value

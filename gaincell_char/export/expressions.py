"""Formulas of a behavioral model, in the syntax that SPICE B-sources and Verilog-A share.

Polynomials are in Horner's form; a piecewise one is a chain of comparisons with its knots, from below.
"""

from __future__ import annotations

from collections.abc import Sequence

from gaincell_char.behavior.functions import Polynomial, TensorSpline


def number(value: float) -> str:
    """`value` so that it reads back exactly; in parentheses where it is negative."""
    text = repr(float(value))
    return f"({text})" if value < 0 else text


def horner(coefficients: Sequence[str], x: str) -> str:
    """sum_i coefficients[i] x^i; the coefficients are formulas themselves."""
    formula = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        formula = f"({coefficient} + {x} * {formula})"
    return formula


def polynomial(function: Polynomial, x: str) -> str:
    """`function` of the formula `x`."""
    return horner([number(coefficient) for coefficient in function.coefficients], f"({x} - {number(function.center)})")


def tensor_spline(function: TensorSpline, x: str, y: str) -> str:
    """`function` of the formulas `x` and `y`, which must lie within its knots (`clamped`)."""
    columns = [
        piecewise([_patch(function, k, m, x, y) for m in range(len(function.y_knots) - 1)], function.y_knots, y)
        for k in range(len(function.x_knots) - 1)
    ]
    return piecewise(columns, function.x_knots, x)


def piecewise(pieces: Sequence[str], knots: Sequence[float], x: str) -> str:
    """pieces[k] where knots[k] <= x < knots[k + 1]."""
    formula = pieces[-1]
    for piece, upper in zip(reversed(pieces[:-1]), reversed(knots[1:-1]), strict=True):
        formula = f"({x} < {number(upper)} ? {piece} : {formula})"
    return formula


def clamped(x: str, low: float, high: float) -> str:
    """`x`, but not beyond low .. high."""
    return f"min(max({x}, {number(low)}), {number(high)})"


def _patch(function: TensorSpline, k: int, m: int, x: str, y: str) -> str:
    dx, dy = f"({x} - {number(function.x_knots[k])})", f"({y} - {number(function.y_knots[m])})"
    rows = [horner([number(value) for value in row], dy) for row in function.coefficients[k][m]]
    return horner(rows, dx)

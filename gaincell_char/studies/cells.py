"""Cells that do not exist, from straight to one-sided: what a gain cell's current might look like.

I(y) = a (f(y) - f(0)) with y = V - 0.45 V and a = 19.3 / (f(0.45) - f(-0.45)), as arXiv 2409.19315 draws its other
nonlinearities: all have the linear cell's swing but for 0.9 (its own swing is 19.3 x 0.9), and no current at 0.45 V.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev

from gaincell_char.behavior import BehavioralModel
from gaincell_char.behavior.functions import Polynomial

Array = npt.NDArray[np.float64]
Function = Callable[[Array], Array]

MID_V, HALF_V = 0.45, 0.45
SWING = 19.3
ACCURACY = 1e-4
"""Largest error of the polynomial that stands for a function, of its swing."""
_LARGEST_DEGREE = 21


def _offset(volts: float) -> Function:
    """A straight cell that crosses zero `volts` above mid-supply."""
    return lambda y: y - volts


FAMILIES: Mapping[str, Mapping[str, Function]] = {
    "power": {
        "y": lambda y: y,
        "y + 5 y^3": lambda y: y + 5 * y**3,
        "y^3": lambda y: y**3,
        "y^5": lambda y: y**5,
    },
    "saturating": {
        "sigmoid(5 y)": lambda y: 1 / (1 + np.exp(-5 * y)),
        "sigmoid(10 y)": lambda y: 1 / (1 + np.exp(-10 * y)),
        "atan(4 y)": lambda y: np.arctan(4 * y),
    },
    "exponential": {
        "exp(y / 3)": lambda y: np.exp(y / 3),
        "exp(y)": lambda y: np.exp(y),
        "exp(3 y)": lambda y: np.exp(3 * y),
        "exp(6 y)": lambda y: np.exp(6 * y),
    },
    "quadratic": {
        "y + y^2 / 5": lambda y: y + 0.2 * y**2,
        "y + y^2 / 2": lambda y: y + 0.5 * y**2,
        "y + y^2": lambda y: y + y**2,
    },
    "shifted": {
        "y + 0.02": _offset(-0.02),
        "y + 0.04": _offset(-0.04),
        "y - 0.03": _offset(0.03),
    },
}
"""Family -> name -> f(y), y in V. `shifted` keep their current at mid-supply: f(0) is not subtracted."""


def current(family: str, name: str) -> Polynomial:
    """The cell's current in the paper's units, as the shortest polynomial within `ACCURACY` of it in 0..0.9 V."""
    function = FAMILIES[family][name]
    edges = np.array([-HALF_V, HALF_V])
    low, high = function(edges)
    gain = SWING / (high - low)
    zero = 0.0 if family == "shifted" else float(function(np.zeros(1))[0])
    grid = np.linspace(-HALF_V, HALF_V, 401)
    wanted = gain * (function(grid) - zero)
    for degree in range(1, _LARGEST_DEGREE + 1, 1):
        fitted = chebyshev.chebinterpolate(lambda x: gain * (function(HALF_V * x) - zero), degree)
        if np.abs(chebyshev.chebval(grid / HALF_V, fitted) - wanted).max() <= ACCURACY * SWING:
            break
    powers = chebyshev.cheb2poly(fitted) / HALF_V ** np.arange(degree + 1)
    coefficients = [float(value) for value in powers]
    return Polynomial(
        center=MID_V, coefficients=coefficients, domain=(MID_V - HALF_V, MID_V + HALF_V), x_unit="V", y_unit="1"
    )


def with_current(model: BehavioralModel, name: str, curve: Polynomial) -> BehavioralModel:
    """`model` (in the paper's units) with another curve of its cell, and with the name and nothing else changed."""
    cell = model.cell.model_copy(update={"kind": "nonlinear", "current": curve})
    return model.model_copy(update={"name": name, "description": f"{name} in place of the cell", "cell": cell})

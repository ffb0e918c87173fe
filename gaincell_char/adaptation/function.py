"""Any function as a cell: current over stored voltage, in Python, as a behavioral model to adapt to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from gaincell_char.behavior import BehavioralModel, load_model
from gaincell_char.behavior.functions import Polynomial
from gaincell_char.errors import InputError

Array = npt.NDArray[np.float64]
ACCURACY = 1e-3
"""Largest error of the polynomial that stands for a function, of its swing."""
_LARGEST_DEGREE = 21


def model_of(
    function: Callable[[Array], Array], name: str = "function", like: str = "leroux2025_linear"
) -> BehavioralModel:
    """The model `like`, in the paper's units, with `function` as its cell's current.

    Parameters
    ----------
    function
        Stored voltages (n,), V, to currents (n,) in unit currents; the linear cell is `lambda v: 19.3 * (v - 0.45)`.
    like
        A model in the paper's units: its levels, retention and full scales.

    Raises
    ------
    InputError
        The function does not give one finite number for each voltage, is constant, or is no polynomial of degree 21
        within 0.1 % of its swing (a step, a kink).
    """
    model = load_model(like)
    low, high = model.cell.level_range_V
    middle, half = (low + high) / 2, (high - low) / 2
    grid = np.linspace(low, high, 401)
    wanted = _values(function, grid, name)
    swing = float(np.ptp(wanted))
    if swing == 0:
        raise InputError(f"{name}: the same current at every stored voltage; a cell has to tell its levels apart")
    for degree in range(1, _LARGEST_DEGREE + 1):
        fitted = np.polynomial.Chebyshev.fit(grid - middle, wanted, degree, domain=[-half, half])
        if float(np.abs(fitted(grid - middle) - wanted).max()) <= ACCURACY * swing:
            break
    else:
        raise InputError(f"{name}: no polynomial of degree {_LARGEST_DEGREE} or less is within {100 * ACCURACY:g} % of "
                         "it; smooth its steps and kinks")  # fmt: skip
    powers = fitted.convert(kind=np.polynomial.Polynomial).coef
    current = Polynomial(
        center=middle, coefficients=[float(each) for each in powers], domain=(low, high), x_unit="V", y_unit="1"
    )
    cell = model.cell.model_copy(update={"kind": "nonlinear", "current": current})
    return model.model_copy(update={"name": name, "description": f"{name} in place of the cell", "cell": cell})


def _values(function: Callable[[Array], Array], at: Array, name: str) -> Array:
    try:
        values = np.asarray(function(at), float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: not a function of an array of voltages ({error})") from error
    if values.shape != at.shape or not np.isfinite(values).all():
        raise InputError(f"{name}: shape {values.shape} for {at.shape} voltages, or values that are not finite; "
                         "expected one finite current for each")  # fmt: skip
    return values

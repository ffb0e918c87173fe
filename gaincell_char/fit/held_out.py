"""Which points a fit may not see: every second one, so that fitted and held-out points interleave on every axis.

The rule is deterministic. Along an axis the points of odd index are held out, except the last one: a fit is never
judged outside the points it was given. On a grid a point is fitted where it is on no held-out line, and judged where
it is on a held-out line of *every* axis, so that a judged point shares no coordinate with a fitted one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gaincell_char.behavior.schema import FitError

Mask = npt.NDArray[np.bool_]


def held_out(count: int) -> Mask:
    """True at the held-out points of an axis with `count` points, (count,)."""
    mask: Mask = np.arange(count) % 2 == 1
    mask[-1:] = False
    return mask


def fit_error(
    predicted: npt.ArrayLike, measured: npt.ArrayLike, full_scale: float, n_fit: int, *held: Mask
) -> FitError:
    """Error at the held-out points of a grid.

    Parameters
    ----------
    predicted, measured
        Values on the whole grid, one axis for each mask.
    full_scale
        What relative errors refer to, in the unit of the values.
    n_fit
        Number of points the fit was given.
    held
        `held_out` of every axis.
    """
    residual = (np.asarray(predicted, float) - np.asarray(measured, float))[np.ix_(*held)]
    return FitError(
        rms=float(np.sqrt(np.mean(residual**2))),
        maximum=float(np.abs(residual).max()),
        full_scale=full_scale,
        n_fit=n_fit,
        n_held_out=residual.size,
    )

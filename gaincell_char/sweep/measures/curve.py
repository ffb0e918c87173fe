"""What the functions of a curve share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class NoMeasure(ValueError):
    """The curve does not have what is asked for; one line that says what it has."""

"""The best line through the pulses of each sign: what offset and nonlinearity are measured against."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gaincell_char.circuits.deck import Array
from gaincell_char.circuits.signed_charge_to_pulse.tile import LSB_S
from gaincell_char.spice.types import FailureKind, SimulationFailure


def best_lines(charge: Array, pulse: Array, sign: Array, window_s: float) -> tuple[Array, Array]:
    """Offset (s, of widths) and residual (s) of every point, (n,), from the least-squares line of width over |charge|
    through the points of its sign whose pulse is neither zero nor clamped. Residuals of the others are 0, and so are
    those of two points alone.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED`: a sign has pulses, but fewer than two on the line.
    """
    offsets, residuals = np.zeros_like(charge), np.zeros_like(charge)
    for each in (1.0, -1.0):
        of_sign = sign == each
        width, size = each * pulse, each * charge
        on_line = of_sign & (width > 0.1 * LSB_S) & (width < window_s - 0.1 * LSB_S)
        if not np.any(of_sign & (width > 0)):
            continue
        if on_line.sum() < 2:
            raise SimulationFailure(
                FailureKind.MEASURE_FAILED,
                f"{on_line.sum()} of {of_sign.sum()} {'positive' if each > 0 else 'negative'} pulses are neither zero "
                f"nor clamped, a line needs 2; widths: {_listed(width[of_sign])} s",
            )
        scale = float(np.abs(size[on_line]).max())
        slope, offset = np.polyfit(size[on_line] / scale, width[on_line], 1)
        offsets[of_sign] = offset
        residuals[on_line] = width[on_line] - slope * size[on_line] / scale - offset
    return offsets, residuals


def _listed(widths: npt.NDArray[np.float64]) -> str:
    return ", ".join(f"{width:.3g}" for width in widths)

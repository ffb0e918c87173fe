"""Whether a cell can be adapted to, told from its current alone, before any network runs on it.

A score is S = sum_d q_d I(k_d), with q_d >= 0. Against the linear cell, I(y) = g (19.3 y) + e(y): the gain g is taken
back by the output's scaler, because P is proportional to S; what remains is e. Its fluctuation over the stored levels
adds to S as noise of deviation sigma_e sqrt(sum q^2); its mean m adds m sum(q) to every score of a query, which is
larger by sqrt(N), N = (sum q)^2 / sum q^2. Both over the deviation g 19.3 sigma_y sqrt(sum q^2) of S itself:

    distortion = sqrt(N m^2 + sigma_e^2) / (g 19.3 sigma_y)

`paper` leaves m where it is; `offset-aware` moves the stored levels until it is zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaincell_char.behavior import BehavioralModel
from gaincell_char.errors import InputError

LINEAR_SLOPE = 19.3
EFFECTIVE_INPUTS = 32.0
"""N for 64 inputs that are spread evenly over 0..1 with some at zero; in the embedded network 20 to 45."""
STORED_SIGMA_V = 0.2
"""Deviation of the stored voltages around mid-supply, cut at the rails; in the embedded network 0.15 to 0.25 V."""
LARGEST = {"paper": 0.3, "offset-aware": 0.5}
"""Distortion up to which a method is expected to leave less than 0.1 nats (`gaincell study nonlinearity`)."""
SMALLEST_GAIN = 0.7
"""Below it a head has too few steps of the counter left, whatever its scalers (docs/adaptation.md)."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Suitability:
    """A cell against the linear one.

    Attributes
    ----------
    gain: g, 1 for a cell of the linear one's strength.
    offset: sqrt(N) m over the deviation of the linear part; its sign is that of the current at rest.
    bend: sigma_e over the same.
    bend_when_shifted: the same with the stored levels moved so that the mean current is zero.
    """

    gain: float
    offset: float
    bend: float
    bend_when_shifted: float

    def distortion(self, method: str) -> float:
        """What is left of the wrong score after `method`, over the right one's deviation."""
        return float(np.hypot(self.offset, self.bend)) if method == "paper" else self.bend_when_shifted

    def fits(self, method: str) -> bool:
        """Whether `method` is expected to work."""
        return self.gain >= SMALLEST_GAIN and self.distortion(method) <= LARGEST[method]

    def as_dict(self, method: str) -> dict[str, float | bool]:
        """All numbers and the verdict, for JSON."""
        return {
            "gain": self.gain,
            "offset": self.offset,
            "bend": self.bend,
            "distortion": self.distortion(method),
            "expected_to_adapt": self.fits(method),
        }

    def reason(self, method: str) -> str:
        """One clause: why it is not expected to, or that it is."""
        if self.gain < SMALLEST_GAIN:
            return f"its gain is {self.gain:.2f} of the linear cell's; below {SMALLEST_GAIN} too few steps are left"
        if self.fits(method):
            return f"distortion {self.distortion(method):.2f}, up to {LARGEST[method]} adapts"
        part = "offset" if method == "paper" and abs(self.offset) > self.bend else "bend"
        return f"distortion {self.distortion(method):.2f} is above {LARGEST[method]}, mostly {part}"


def suitability(model: BehavioralModel) -> Suitability:
    """What adaptation has to cope with in the cell of `model`.

    Raises
    ------
    InputError
        The cell's current falls with the stored voltage, or does not depend on it.
    """
    low, high = model.cell.level_range_V
    levels = np.linspace(low, high, model.cell.n_levels)
    middle = (low + high) / 2
    weights = np.exp(-0.5 * ((levels - middle) / STORED_SIGMA_V) ** 2)
    weights /= weights.sum()

    def unit_current(shift_V: float) -> Array:
        return np.asarray(model.cell.current(levels + shift_V), float) / model.cell.unit_current_A

    gain, mean, bend = _parts(levels - middle, weights, unit_current(0.0))
    if not gain > 0:
        raise InputError(f"model {model.name}: cell.current does not rise with the stored voltage; nothing to adapt to")
    signal = gain * LINEAR_SLOPE * float(np.sqrt(weights @ (levels - middle) ** 2))
    shifts = np.linspace(-middle + low, middle - low, 181)
    means = np.array([weights @ unit_current(shift) for shift in shifts])
    best = float(shifts[np.argmin(np.abs(means))])
    shifted_gain, shifted_mean, shifted_bend = _parts(levels - middle, weights, unit_current(best))
    shifted_signal = max(shifted_gain, 1e-9) * signal / gain
    return Suitability(
        gain=gain,
        offset=float(np.sqrt(EFFECTIVE_INPUTS)) * mean / signal,
        bend=bend / signal,
        bend_when_shifted=float(np.hypot(shifted_bend, shifted_mean)) / shifted_signal,
    )


def _parts(y: Array, weights: Array, current: Array) -> tuple[float, float, float]:
    """g, m and sigma_e of a current over levels y (V from mid-supply) with `weights`, in the paper's units."""
    line = LINEAR_SLOPE * y
    gain = float(weights @ (line * current) / (weights @ line**2))
    rest = current - gain * line
    mean = float(weights @ rest)
    return gain, mean, float(np.sqrt(weights @ (rest - mean) ** 2))

"""Whether a cell can be adapted to, told from its current alone, before any network runs on it.

A score is S = sum_d q_d I(k_d), with q_d >= 0. Against the linear cell, I(y) = g (19.3 y) + e(y), y from mid-supply:
the gain g is taken back by the output's scaler, as P is proportional to S; what remains is e, of three kinds:

    m_rest          I(0), a current at rest: the same on every cell
    m_even, s_even  mean and deviation, over the stored levels, of the rest of e's even part: a cell bent to one side
    s_odd           deviation of e's odd part: a cell bent alike on both sides

A deviation adds to S as noise of that size times sqrt(sum q^2); a mean adds m sum(q) to every score of a query, which
is larger by sqrt(N), N = (sum q)^2 / sum q^2. All over the deviation g 19.3 s_y sqrt(sum q^2) of S itself:

    distortion = sqrt(N (w_rest m_rest + m_even)^2 + (w_even s_even)^2 + s_odd^2) / (g 19.3 s_y)

`paper` leaves the means where they are; `offset-aware` moves the stored levels until they cancel. The weights w say how
much more or less the network minds one kind than another; they and the limits are read off `gaincell study
nonlinearity`, on the embedded network, which was trained on cells with currents at rest.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from gaincell_char.behavior import BehavioralModel
from gaincell_char.errors import InputError

LINEAR_SLOPE = 19.3
EFFECTIVE_INPUTS = 32.0
"""N for 64 inputs that are spread evenly over 0..1 with some at zero; in the embedded network 20 to 45."""
STORED_SIGMA_V = 0.2
"""Deviation of the stored voltages around mid-supply, cut at the rails; in the embedded network 0.15 to 0.25 V."""
REST_WEIGHT, EVEN_WEIGHT = 0.3, 2.0
"""w_rest, w_even."""
LARGEST = 0.3
"""Distortion up to which a method is expected to leave less than 0.2 nats."""
SMALLEST_GAIN = 0.7
"""Below it a head has too few steps of the counter left, whatever its scalers (docs/adaptation.md)."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Suitability:
    """A cell against the linear one: the parts of `distortion`, each over the deviation of a right score.

    Attributes
    ----------
    gain: g, 1 for a cell of the linear one's strength.
    rest, asymmetry: sqrt(N) m_rest and sqrt(N) m_even, with their signs.
    even, odd: s_even and s_odd.
    even_shifted, odd_shifted: the same with the stored levels moved so that the mean current is zero.
    """

    gain: float
    rest: float
    asymmetry: float
    even: float
    odd: float
    even_shifted: float
    odd_shifted: float

    def distortion(self, method: str) -> float:
        """What is left of the wrong score after `method`, over the right one's deviation, as the network minds it."""
        if method == "paper":
            mean = REST_WEIGHT * self.rest + self.asymmetry
            return math.hypot(mean, EVEN_WEIGHT * self.even, self.odd)
        return math.hypot(EVEN_WEIGHT * self.even_shifted, self.odd_shifted)

    def fits(self, method: str) -> bool:
        """Whether `method` is expected to work."""
        return self.gain >= SMALLEST_GAIN and self.distortion(method) <= LARGEST

    def as_dict(self, method: str) -> dict[str, float | bool]:
        """All numbers and the verdict, for JSON."""
        return {**asdict(self), "distortion": self.distortion(method), "expected_to_adapt": self.fits(method)}

    def reason(self, method: str) -> str:
        """One clause: why it is not expected to, or that it is."""
        if self.gain < SMALLEST_GAIN:
            return f"its gain is {self.gain:.2f} of the linear cell's; below {SMALLEST_GAIN} too few steps are left"
        found = f"distortion {self.distortion(method):.2f}"
        if self.fits(method):
            return f"{found}, up to {LARGEST} adapts"
        parts = {"a bend on both sides": self.odd, "a bend to one side": EVEN_WEIGHT * self.even}
        if method == "paper":
            parts |= {"its current at rest": abs(REST_WEIGHT * self.rest)}
            parts["a bend to one side"] = math.hypot(parts["a bend to one side"], self.asymmetry)
        return f"{found} is above {LARGEST}, mostly {max(parts, key=lambda part: parts[part])}"


def suitability(model: BehavioralModel) -> Suitability:
    """What adaptation has to cope with in the cell of `model`.

    Raises
    ------
    InputError
        The cell's current falls with the stored voltage, or does not depend on it.
    """
    low, high = model.cell.level_range_V
    y = np.linspace(low, high, model.cell.n_levels) - (low + high) / 2
    weights = np.exp(-0.5 * (y / STORED_SIGMA_V) ** 2)
    weights /= weights.sum()

    def unit_current(shift_V: float) -> Array:
        at = (low + high) / 2 + np.append(y, 0.0) + shift_V
        return np.asarray(model.cell.current(at), float) / model.cell.unit_current_A

    here = _parts(y, weights, unit_current(0.0))
    if not here.gain > 0:
        raise InputError(f"model {model.name}: cell.current does not rise with the stored voltage; nothing to adapt to")
    shifts = np.linspace(y[0], y[-1], 181)
    means = [abs(weights @ unit_current(float(shift))[:-1]) for shift in shifts]
    moved = _parts(y, weights, unit_current(float(shifts[int(np.argmin(means))])))
    many = math.sqrt(EFFECTIVE_INPUTS)
    return Suitability(
        gain=here.gain,
        rest=many * here.rest,
        asymmetry=many * here.asymmetry,
        even=here.even,
        odd=here.odd,
        even_shifted=moved.even,
        odd_shifted=moved.odd,
    )


@dataclass(frozen=True)
class _Parts:
    """g, and the means and deviations of e's parts over the deviation of the linear part."""

    gain: float
    rest: float
    asymmetry: float
    even: float
    odd: float


def _parts(y: Array, weights: Array, current: Array) -> _Parts:
    """Of `current` (levels + 1,) in the paper's units, over levels y (V from mid-supply, symmetric) and at y = 0."""
    line = LINEAR_SLOPE * y
    at_levels, at_rest = current[:-1], float(current[-1])
    gain = float(weights @ (line * at_levels) / (weights @ line**2))
    signal = gain * math.sqrt(float(weights @ line**2))
    rest = at_levels - gain * line
    even, odd = (rest + rest[::-1]) / 2 - at_rest, (rest - rest[::-1]) / 2
    mean = float(weights @ even)
    spread = math.sqrt(float(weights @ (even - mean) ** 2))
    return _Parts(gain, at_rest / signal, mean / signal, spread / signal, math.sqrt(float(weights @ odd**2)) / signal)

"""The model between simulated designs: from sizes to energy, and by way of five features of the cell to the loss.

Energy and features come from ngspice for every design and are smooth in the sizes. The loss comes from a network that
was adapted to the cell, is known for fewer designs, and depends on the features alone. Each is a thin-plate spline over
a polynomial (SciPy); degree and smoothing are those with the smallest leave-one-out error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.interpolate import RBFInterpolator

from gaincell_char.errors import GaincellError
from gaincell_char.optimize.space import Array

_DEGREES = (1, 2)
_SMOOTHINGS = (1e-6, 1e-3, 1e-2, 1e-1, 1.0, 1e3)
"""Between a spline through every point and the polynomial alone."""
_POINTS_A_TERM = 1.1
"""Of a polynomial; with fewer it would be bent by single designs."""
SOFTENED_NATS = 0.5
"""The loss is fitted as log(added + this): straight within a budget, where it is quadratic in the features, and bent
where it goes to nats."""


@dataclass(frozen=True)
class Smooth:
    """A spline near values `y` (n,) at `x` (n, d)."""

    x: Array
    y: Array
    smoothing: float
    degree: int = 1

    @classmethod
    def fit(cls, x: Array, y: Array) -> Smooth:
        """The one whose leave-one-out rms is smallest."""
        moving = int((np.ptp(x, axis=0) > 0).sum())
        degrees = [degree for degree in _DEGREES if len(y) > _POINTS_A_TERM * math.comb(moving + degree, degree)]
        tried = [cls(x, y, smoothing, degree) for degree in degrees for smoothing in _SMOOTHINGS]
        return min(tried, key=lambda each: float(np.mean(each.left_out() ** 2)))

    def __call__(self, at: Array) -> Array:
        """Values at `at` (m, d)."""
        return np.asarray(self._spline(self._scaled(np.asarray(at))))

    @cached_property
    def _spline(self) -> RBFInterpolator:
        return RBFInterpolator(
            self._scaled(self.x), self.y, smoothing=self.smoothing, kernel="thin_plate_spline", degree=self.degree
        )

    def _scaled(self, at: Array) -> Array:
        """`at` in spans of `x`, without the features that no design moves."""
        moving = np.ptp(self.x, axis=0) > 0
        return np.asarray((at - self.x.min(axis=0))[:, moving] / np.ptp(self.x, axis=0)[moving])

    def without(self, index: int) -> Smooth:
        """The spline that has not seen point `index`."""
        return Smooth(np.delete(self.x, index, axis=0), np.delete(self.y, index), self.smoothing, self.degree)

    def left_out(self) -> Array:
        """Error (n,) at each point of the spline without it."""
        return np.array([float(self.without(i)(self.x[i : i + 1])[0]) - self.y[i] for i in range(len(self.y))])


@dataclass(frozen=True)
class Sample:
    """A simulated design: its point in the cube, energy of a token (J), features (5,), and loss over linear hardware
    (nats a token) where the network ran on it."""

    point: Array
    energy_J: float
    features: Array
    added: float | None = None


@dataclass(frozen=True)
class StatedError:
    """Leave-one-out errors of predictions from the sizes alone, largest and rms: of the energy (relative) over all
    designs with a loss, of the loss (nats) over those near the budget, `designs` of them."""

    energy: float
    energy_rms: float
    added: float
    added_rms: float
    designs: int


class Surrogate:
    """Predicts energy and loss of a design from its point in the cube. `felt`: the features that the loss depends on.

    Raises
    ------
    GaincellError
        Too few designs with a loss for a spline over five features.
    """

    def __init__(self, samples: Sequence[Sample], felt: Sequence[int] = range(5)) -> None:
        self.samples, self.felt = tuple(samples), list(felt)
        self.evaluated = [index for index, sample in enumerate(samples) if sample.added is not None]
        if len(self.evaluated) < 10:
            raise GaincellError(
                f"{len(self.evaluated)} of {len(samples)} designs have a cell that the network can be run on, 10 are "
                "needed; raise --samples or narrow --bound"
            )
        points = np.array([sample.point for sample in samples])
        seen = np.array([samples[index].features for index in self.evaluated])
        nats = np.array([float(samples[index].added or 0.0) for index in self.evaluated])
        self.log_energy = Smooth.fit(points, np.log([sample.energy_J for sample in samples]))
        self.features = [Smooth.fit(points, np.array([s.features[n] for s in samples])) for n in range(seen.shape[1])]
        self.log_added = Smooth.fit(seen[:, self.felt], np.log(np.maximum(nats + SOFTENED_NATS, SOFTENED_NATS / 10)))
        self._lowest, self._highest = seen.min(axis=0), seen.max(axis=0)

    def energy_J(self, points: Array) -> Array:
        """Energy of a token in one head, (m,) for `points` (m, free)."""
        return np.exp(self.log_energy(points))

    def added(self, points: Array) -> Array:
        """Loss over linear hardware, nats a token, (m,)."""
        return self._added(self._features(points))

    def outside(self, points: Array) -> Array:
        """How far (m,) the features of `points` lie beyond those that the loss is known for, in their spans; 0 inside:
        a spline is not asked beyond its data."""
        return self._outside(self._features(points))

    def _added(self, found: Array) -> Array:
        return _nats(self.log_added(found[:, self.felt]))

    def _outside(self, found: Array) -> Array:
        span = np.maximum(self._highest - self._lowest, 1e-12)
        beyond = np.maximum(np.maximum(self._lowest - found, found - self._highest) / span, 0.0)
        return np.asarray(beyond.max(axis=1))

    def stated_error(self, budget: float) -> StatedError:
        """Near the budget: at most twice its loss (all designs with a loss, where there are fewer than 5)."""
        near = [index for index in self.evaluated if float(self.samples[index].added or 0.0) <= 2 * budget]
        chosen = near if len(near) >= 5 else self.evaluated
        energy = np.array([self._energy_error(index) for index in self.evaluated])
        added = np.array([self._added_error(index) for index in chosen])
        return StatedError(
            energy=float(np.abs(energy).max()),
            energy_rms=float(np.sqrt(np.mean(energy**2))),
            added=float(np.abs(added).max()),
            added_rms=float(np.sqrt(np.mean(added**2))),
            designs=len(chosen),
        )

    def at_most(self, points: Array, added: float) -> Array:
        """`outside` and the loss above `added`, (2, m): both at most 0 where a design is allowed."""
        found = self._features(points)
        return np.stack([self._outside(found), self._added(found) - added])

    def _features(self, points: Array) -> Array:
        return np.stack([smooth(points) for smooth in self.features], axis=1)

    def _energy_error(self, index: int) -> float:
        """Relative."""
        sample = self.samples[index]
        return float(np.exp(self.log_energy.without(index)(sample.point[None])[0]) / sample.energy_J - 1)

    def _added_error(self, index: int) -> float:
        """In nats, from the sizes: neither features nor loss have seen the design."""
        sample = self.samples[index]
        found = np.array([[smooth.without(index)(sample.point[None])[0] for smooth in self.features]])
        loss = self.log_added.without(self.evaluated.index(index))
        return float(_nats(loss(found[:, self.felt]))[0] - float(sample.added or 0.0))


def _nats(logarithm: Array) -> Array:
    return np.asarray(np.exp(logarithm) - SOFTENED_NATS)

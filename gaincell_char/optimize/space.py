"""The design space: which sizes and voltages of the gain cell may move, and how far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaincell_char.circuits.testbench import parameters as known_parameters
from gaincell_char.errors import InputError, unknown_name
from gaincell_char.units import format_si, parse_si

Array = npt.NDArray[np.float64]
VDD_V = 0.9
HOLD, COMPLEMENT = "gain_cell.wwl_hold_V", "gain_cell.wwlb_hold_V"
_DIGITS = 4
"""Significant digits of a parameter: a design is what it is printed as."""


@dataclass(frozen=True)
class Bound:
    """Range of one parameter (SI); `log`: it moves by factors. Equal ends fix it."""

    name: str
    low: float
    high: float
    log: bool = True

    @property
    def free(self) -> bool:
        return self.low < self.high


BOUNDS = (
    Bound("gain_cell.wn", 60e-9, 100e-9),
    Bound("gain_cell.lrn", 1.4e-6, 3.4e-6),
    Bound("gain_cell.wp", 60e-9, 100e-9),
    Bound("gain_cell.lrp", 0.38e-6, 0.93e-6),
    Bound("gain_cell.storage_F", 4e-15, 20e-15),
    Bound(HOLD, -0.6, -0.1, log=False),
)
"""The read branch, the storage capacitor, and how far the write word lines are held beyond the rails: WWL at the value,
WWLB as far above the supply. The select and write devices stay: drivers, lines and converters were measured with them.
"""


@dataclass(frozen=True)
class Space:
    """Designs as points of a unit cube with an axis for every free bound."""

    bounds: tuple[Bound, ...] = BOUNDS

    @property
    def free(self) -> tuple[Bound, ...]:
        return tuple(bound for bound in self.bounds if bound.free)

    def parameters(self, point: Array) -> dict[str, float]:
        """The parameters (SI, rounded) at `point` (free,) of the cube, with both word lines of the hold."""
        values = {bound.name: bound.low for bound in self.bounds}
        for bound, at in zip(self.free, np.clip(point, 0, 1), strict=True):
            low, high = _scale(bound, np.array([bound.low, bound.high]))
            value = low + at * (high - low)
            values[bound.name] = float(np.exp(value)) if bound.log else float(value)
        rounded = {name: float(f"{value:.{_DIGITS}g}") for name, value in values.items()}
        return {**rounded, COMPLEMENT: round(VDD_V - rounded[HOLD], 9)}

    def point(self, parameters: Mapping[str, float]) -> Array:
        """Where a design is in the cube, (free,); rounding and defaults may put it a little outside."""
        coordinates = []
        for bound in self.free:
            low, high, value = _scale(bound, np.array([bound.low, bound.high, parameters[bound.name]]))
            coordinates.append((value - low) / (high - low))
        return np.array(coordinates)

    def sample(self, count: int, seed: int) -> Array:
        """`count` points that fill the cube (Latin hypercube), (count, free)."""
        from scipy.stats import qmc

        generator = np.random.Generator(np.random.PCG64(seed))
        return np.asarray(qmc.LatinHypercube(len(self.free), seed=generator).random(count))

    def default(self) -> dict[str, float]:
        """The default cell's values of the bounded parameters, inside the bounds or not."""
        known = {parameter.name: parameter.default for parameter in known_parameters("gain_cell")}
        return {name: known[name] for name in (*(bound.name for bound in self.bounds), COMPLEMENT)}


def parse_bounds(texts: Iterable[str]) -> Space:
    """The space with what the command line says in place: `gain_cell.wn=60n:120n`, or `gain_cell.wn=80n` to fix it.

    Raises
    ------
    InputError
        An unknown parameter, no number, ends in the wrong order or beyond what the circuit allows; nothing left free.
    """
    bounds = {bound.name: bound for bound in BOUNDS}
    seen: set[str] = set()
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise InputError(f"--bound: {text!r}; expected NAME=LOW:HIGH, or NAME=VALUE to fix it")
        if name not in bounds:
            raise unknown_name("parameter", name, bounds, "--bound")
        if name in seen:
            raise InputError(f"--bound: {name} is given twice; keep one")
        seen.add(name)
        bounds[name] = _parsed(name, value, bounds[name].log)
    space = Space(tuple(bounds.values()))
    if not space.free:
        raise InputError("--bound: every parameter is fixed; leave one free, as gain_cell.wn=60n:120n")
    return space


def _parsed(name: str, text: str, log: bool) -> Bound:
    ends = [parse_si(part.strip(), f"--bound {name}") for part in text.split(":")]
    if len(ends) > 2 or (len(ends) == 2 and not ends[0] < ends[1]):
        raise InputError(f"--bound {name}: {text!r}; expected LOW:HIGH with LOW below HIGH, or one value")
    allowed = next(parameter for parameter in known_parameters("gain_cell") if parameter.name == name)
    if ends[0] < allowed.low or ends[-1] > allowed.high:
        raise InputError(
            f"--bound {name}: {text!r} reaches beyond {format_si(allowed.low, allowed.unit)} to "
            f"{format_si(allowed.high, allowed.unit)} ({allowed.meaning})"
        )
    return Bound(name, ends[0], ends[-1], log)


def _scale(bound: Bound, values: Array) -> Array:
    return np.log(values) if bound.log else values

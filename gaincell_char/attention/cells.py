"""What a stored level is, and what it gives, at its age: written, disturbed by reads, leaked.

V_0(level)       as written
V(level, age)    V_0 + shift by `age` reads
I(level, age)    the model's law of retention at V, in ampere
Q(level, age, T) I(level, age) T + fixed charge at the voltage that is left

With the charge of pulses as it was measured, I and the fixed charge are slope and intercept, over the width, of its
surface: closer to the measured levels than the polynomial that the law of retention is made of.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.behavior.functions import Polynomial
from gaincell_char.behavior.law import CurrentLaw, PolynomialLaw, current_law
from gaincell_char.behavior.schema import BehavioralModel, PulseCharge, ReadDisturb
from gaincell_char.errors import InputError

Array = npt.NDArray[np.floating[Any]]
Doubles = npt.NDArray[np.float64]

_INVERSE_POINTS, _BEYOND = 4001, 0.05


class StoredCells:
    """The cells of `model` under some of the effects `write-error`, `read-disturb` and `pulse-charge`.

    `decay` as in `analog_attention`. Raises `InputError` where levels are not on a grid from 0 V.
    """

    def __init__(self, model: BehavioralModel, effects: Collection[str], decay: bool | float = True) -> None:
        cell = model.cell
        low, high = cell.level_range_V
        if low != 0:
            raise InputError(f"model {model.name}: cell.level_range_V begins at {low:g} V; circuit fidelity needs 0 V")
        self._cell = cell
        self._law: CurrentLaw = current_law(model, decay)
        self._disturb = cell.read_disturb if "read-disturb" in effects else None
        self._charge = cell.pulse_charge if "pulse-charge" in effects else None
        nominal: Doubles = high / (cell.n_levels - 1) * np.arange(cell.n_levels, dtype=float)
        self.levels_V: Doubles = _written(model, nominal) if "write-error" in effects else nominal
        """Stored voltage of each level right after its write, (n_levels,)."""

    @property
    def has_fixed_charge(self) -> bool:
        return self._charge is not None

    def current_A(self, written_V: npt.ArrayLike, age: npt.ArrayLike) -> Doubles:
        """I of cells written to `written_V`, `age` tokens (and reads) ago; broadcast against each other."""
        volts, ages = self._read(written_V, age)
        current = self._current_A(volts, ages)
        if self._charge is None:
            return current
        left = np.clip(self._left(volts, ages), *self._cell.current.domain)
        return current + pulse_line(self._charge, left)[0] - self._cell.current(left)

    def _current_A(self, volts: Doubles, ages: Doubles) -> Doubles:
        # a measured law knows the stored range only; a level that was written beyond it follows the polynomial
        within = volts if isinstance(self._law, PolynomialLaw) else np.clip(volts, *self._cell.current.domain)
        beyond = self._cell.current(volts) - self._cell.current(within)
        terms = zip(self._law.level_terms(within), self._law.age_terms(ages), strict=True)
        total: Doubles = self._cell.unit_current_A * sum(f * g for f, g in terms) + beyond
        return total

    def fixed_charge_C(self, written_V: npt.ArrayLike, age: npt.ArrayLike) -> Doubles:
        """The charge of a pulse beyond I T; 0 where the effect is off."""
        volts, ages = self._read(written_V, age)
        return np.zeros_like(volts) if self._charge is None else pulse_line(self._charge, self._left(volts, ages))[1]

    def _read(self, written_V: npt.ArrayLike, age: npt.ArrayLike) -> tuple[Doubles, Doubles]:
        volts, ages = np.broadcast_arrays(np.asarray(written_V, float), np.asarray(age, float))
        return (volts if self._disturb is None else volts + read_shift_V(self._disturb, volts, ages)), ages

    def _left(self, volts: Doubles, ages: Doubles) -> Doubles:
        """The voltage after `ages` tokens of leakage: of the exponential law, or the one whose current is left."""
        if isinstance(self._law, PolynomialLaw):
            return self._law.v_inf_V + (volts - self._law.v_inf_V) * np.exp(-self._law.decay * ages)
        return voltage_of(self._cell.current, self._current_A(volts, ages))


def pulse_line(charge: PulseCharge, volts: Doubles) -> tuple[Doubles, Doubles]:
    """Slope (A) and intercept (C), over the pulse's width, of the measured charge of cells at `volts`.

    The surface is a straight line over the width to within `charge.linearity_error_C`.
    """
    short_s, long_s = charge.surface.y_knots[0], charge.surface.y_knots[-1]
    short_C, long_C = charge.surface(volts, short_s), charge.surface(volts, long_s)
    slope = (long_C - short_C) / (long_s - short_s)
    return slope, short_C - slope * short_s


def voltage_of(current: Polynomial, amperes: Doubles) -> Doubles:
    """The stored voltage at which `current`, rising over its domain and a little beyond it, is `amperes`."""
    low, high = current.domain
    grid = np.linspace(low - _BEYOND * (high - low), high + _BEYOND * (high - low), _INVERSE_POINTS)
    volts: Doubles = np.interp(amperes, np.maximum.accumulate(current(grid)), grid)
    slope = np.polynomial.polynomial.polyder(current.coefficients)
    for _ in range(2):
        volts = volts - (current(volts) - amperes) / np.polynomial.polynomial.polyval(volts - current.center, slope)
    return volts


def read_shift_V(disturb: ReadDisturb, volts: Doubles, reads: Doubles) -> Doubles:
    """Shift (V) of cells at `volts` after `reads` reads: the table, linear in the voltage and in log10(1 + reads)."""
    steps = np.log10(1 + np.array([0, *disturb.reads], float))
    shifts = np.column_stack([np.zeros(len(disturb.levels_V)), np.asarray(disturb.shift_V)])
    levels = np.asarray(disturb.levels_V)
    at = np.clip(np.interp(volts, levels, np.arange(levels.size)), 0, levels.size - 1)
    when = np.clip(np.interp(np.log10(1 + reads), steps, np.arange(steps.size)), 0, steps.size - 1)
    i = np.minimum(at.astype(np.intp), levels.size - 2)
    j = np.minimum(when.astype(np.intp), steps.size - 2)
    x, y = at - i, when - j
    below = shifts[i, j] * (1 - y) + shifts[i, j + 1] * y
    above = shifts[i + 1, j] * (1 - y) + shifts[i + 1, j + 1] * y
    shift: Doubles = below * (1 - x) + above * x
    return shift


def _written(model: BehavioralModel, nominal_V: Doubles) -> Doubles:
    """The levels as the write driver leaves them; else with the cell's write error, averaged over what was stored."""
    if model.write_driver is not None:
        return np.asarray(model.write_driver.stored_V)
    write = model.cell.write
    if write is None:
        raise InputError(f"model {model.name}: no write_driver or cell.write")
    design = write.pulse_widths_s.index(write.design_pulse_s)
    error = np.asarray(write.error_V)[:, design].mean(axis=1)
    stored: Doubles = nominal_V + np.interp(nominal_V, write.levels_V, error)
    return stored

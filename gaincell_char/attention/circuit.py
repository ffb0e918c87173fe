"""The characterized chain, ready to be computed: what `reference_circuit` states in SI units, in units of full scale.

Charges are in unit currents times T_max, as S and A_n of the published equations are; pulses in T_max; the signed
converter's pulses in steps of the counter, T_max/15.5.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from gaincell_char.array import Tile, tile
from gaincell_char.attention.aged import AgedTable
from gaincell_char.attention.cells import Doubles, StoredCells
from gaincell_char.attention.chain import INPUT_LEVELS, STEPS, Tiles
from gaincell_char.attention.curves import Curve
from gaincell_char.attention.draws import LARGEST_NORMAL
from gaincell_char.attention.effects import chosen_effects
from gaincell_char.attention.places import Places
from gaincell_char.behavior.converters import Converter, PulseCounter
from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.errors import InputError, unknown_name

Tier = Literal["fast", "exact"]


@dataclass(frozen=True, eq=False)
class Circuit:
    """A model's chain under `effects`; a part that is None is ideal."""

    model: BehavioralModel
    effects: frozenset[str]
    cells: StoredCells
    window: int
    seed: int
    places: Places
    tier: Tier

    def __contains__(self, effect: str) -> bool:
        return effect in self.effects

    @cached_property
    def unit_charge_C(self) -> float:
        """I_u T_max."""
        return self.model.cell.unit_current_A * self.model.charge_to_pulse.t_max_s

    @cached_property
    def widths(self) -> Doubles:
        """Pulse width of each input level, in T_max."""
        driver = self.model.word_line_driver
        if "word-line" not in self or driver is None:
            return np.arange(INPUT_LEVELS) / (INPUT_LEVELS - 1)
        return np.asarray(driver.widths_s) / self.model.charge_to_pulse.t_max_s

    @cached_property
    def stretch(self) -> float:
        """What a buffer adds to the width of a pulse on its way to the cells, in T_max."""
        driver = self.model.word_line_driver
        on = "word-line" in self and driver is not None
        return driver.buffer_stretch_s / self.model.charge_to_pulse.t_max_s if on and driver is not None else 0.0

    @cached_property
    def tables(self) -> dict[str, AgedTable]:
        """By dtype: I(level, age) in unit currents, then what a pulse takes beyond I T, in units of I_u T_max, if any.

        In float32 a cell may be off by 3e-6 of the largest current, which is less than what such a sum rounds to where
        pulses of all lengths are added up.
        """
        levels_V, ages = self.cells.levels_V[:, None], np.arange(self.window, dtype=float)
        parts = [self.cells.current_A(levels_V, ages) / self.model.cell.unit_current_A]
        if self.cells.has_fixed_charge:
            parts.append(self.cells.fixed_charge_C(levels_V, ages) / self.unit_charge_C)
        largest = float(np.abs(parts[0]).max())
        resolutions = {"float32": 3e-6, "float64": 1e-12}
        return {dtype: AgedTable(np.stack(parts), part * largest) for dtype, part in resolutions.items()}

    def relu_curve(self, dtype: np.dtype[Any]) -> Curve | None:
        """P over S/80; None: clip(S/80, 0, 1)."""
        return self._curve("charge-to-pulse", self.model.charge_to_pulse, 1.0, dtype)

    def signed_curve(self, dtype: np.dtype[Any]) -> Curve | None:
        """Pulse width over A_n, both in steps of the counter; None: no more than 15.5 of them."""
        return self._curve("signed-charge-to-pulse", self.model.signed_charge_to_pulse, STEPS, dtype)

    def _curve(self, effect: str, converter: Converter, full: float, dtype: np.dtype[Any]) -> Curve | None:
        transfer = converter.transfer(self.model.condition)
        if effect not in self or transfer is None or converter.full_scale_C is None:
            return None
        return Curve(transfer.pulse_s, converter.full_scale_C / full, converter.t_max_s / full, dtype)

    @cached_property
    def counter(self) -> Counter | None:
        counter = self.model.pulse_counter
        if "pulse-counter" not in self or counter is None:
            return None
        return Counter.of(counter, self.model)

    @cached_property
    def quiet(self) -> tuple[float, float]:
        """Up to which S/80 there is no pulse, and below which A_n (in steps) no count, whatever the noise."""
        double = np.dtype(float)
        relu, signed, counter = self.relu_curve(double), self.signed_curve(double), self.counter
        no_pulse = 0.0 if relu is None else min((low for low, _ in relu.beyond(0.0)), default=np.inf)
        shortest = 0.5 if counter is None else counter.phase - counter.spread / 2
        no_count = shortest
        if signed is not None:
            loud = [part for sign in (-1, 1) for part in signed.beyond(shortest, sign)]
            no_count = min((max(low, -high, 0.0) for low, high in loud), default=np.inf)
        return no_pulse - LARGEST_NORMAL * self.relu_jitter, no_count - LARGEST_NORMAL * self.signed_jitter

    @cached_property
    def cell_sigma(self) -> Doubles | None:
        """Deviation of the current from cell to cell by level, in unit currents."""
        mismatch = self.model.cell.mismatch
        if "mismatch" not in self or mismatch is None:
            return None
        return mismatch.current_sigma_A(self.cells.levels_V) / self.model.cell.unit_current_A

    @cached_property
    def relu_sigma(self) -> Doubles | None:
        """Deviations of (offset in T_max, gain) from converter to converter."""
        sigma = self._sigma(self.model.charge_to_pulse, 1.0)
        return None if sigma is None else sigma[:2]

    @cached_property
    def signed_sigma(self) -> Doubles | None:
        """Deviations of (offset in steps of the counter, gain), for positive, then for negative pulses."""
        return self._sigma(self.model.signed_charge_to_pulse, STEPS)

    def _sigma(self, converter: Converter, full: float) -> Doubles | None:
        spread = converter.mismatch
        if "mismatch" not in self or spread is None:
            return None
        unit = full / converter.t_max_s
        positive = [spread.offset_s * unit, spread.gain]
        if spread.offset_negative_s is None or spread.gain_negative is None:
            return np.array([*positive, *positive])
        return np.array([*positive, spread.offset_negative_s * unit, spread.gain_negative])

    @cached_property
    def relu_jitter(self) -> float:
        """Of the ReLU converter, rms, in T_max."""
        return self._jitter(self.model.charge_to_pulse)

    @cached_property
    def signed_jitter(self) -> float:
        """Of the signed converter, rms, in steps of the counter."""
        return self._jitter(self.model.signed_charge_to_pulse) * STEPS

    def _jitter(self, converter: Converter) -> float:
        on = "noise" in self and converter.noise is not None
        return converter.noise.jitter_s / converter.t_max_s if on and converter.noise is not None else 0.0

    @cached_property
    def tile(self) -> Tile | None:
        return tile(self.model) if "ir-drop" in self else None


@dataclass(frozen=True)
class Counter:
    """Clock edges in a pulse; widths in steps of T_max/15.5."""

    phase: float
    period: float
    largest: int
    spread: float

    @classmethod
    def of(cls, counter: PulseCounter, model: BehavioralModel) -> Counter:
        figures = counter.at(model.condition)
        if figures is None:
            raise InputError(f"pulse_counter.figures: not measured at {model.condition}")
        step_s = model.signed_charge_to_pulse.t_max_s / STEPS
        return cls(
            figures.phase_s / step_s,
            counter.clock_period_s / step_s,
            counter.largest_count,
            counter.phase_spread_s / step_s,
        )


def circuit(
    model: BehavioralModel,
    effects: Iterable[str] | None,
    *,
    window: int,
    decay: bool | float,
    tiles: Tiles,
    seed: int = 0,
    tier: str = "fast",
) -> Circuit:
    """The chain of `model` under `effects` (None: all that it has measured).

    Raises
    ------
    InputError
        An effect that is unknown or not measured, a seed that is no whole number >= 0, an unknown tier of the IR drop,
        an IR drop in a ring buffer.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed: {seed!r}; expected a whole number, at least 0")
    if tier not in ("fast", "exact"):
        raise unknown_name("tier of the IR drop", tier, ("fast", "exact"))
    chosen = chosen_effects(model, effects)
    if "ir-drop" in chosen and tiles == "ring":
        raise InputError(
            "effect ir-drop: a ring buffer's tile holds tokens of two rounds; use tiles 'absolute', or leave it out"
        )
    cells = StoredCells(model, chosen, decay)
    return Circuit(model, chosen, cells, window, seed, Places.of(window, tiles), "exact" if tier == "exact" else "fast")

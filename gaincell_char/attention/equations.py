"""The characterized chain of one head in SI units, one method an equation; slow, and the measure of the fast path.

Q_K[t,s] = sum_d q(V_K[s,d] at its age, T_q[t,d])      q(V, T) = I(V) T + fixed charge of a pulse, if there is one
P[t,s]   = f_c2p(Q_K)                                  the measured transfer, in seconds
Q_V[n]   = sum_{s in tile n} q(V_V[s] at its age, P)
code     = counter(f_signed(Q_V[n]))                   a step of the output is 2/31
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.cells import Doubles
from gaincell_char.attention.chain import LARGEST_COUNT, STEPS
from gaincell_char.attention.circuit import Circuit
from gaincell_char.attention.wires import KEY_MODES, wire_loss
from gaincell_char.behavior.converters import Converter

Array = npt.NDArray[np.floating[Any]]


class Equations:
    """Of `circuit`. Codes are whole numbers: 0..15 for q, 0..7 for k and v. `random` arguments are standard normal."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self._model = circuit.model
        self._cells = circuit.cells
        self.t_max_s = circuit.model.charge_to_pulse.t_max_s

    def input_pulse_s(self, q_code: npt.NDArray[np.integer[Any]]) -> Doubles:
        """T_q: width of the pulse on the read word line."""
        widths_s: Doubles = self._circuit.widths[q_code] * self.t_max_s
        return widths_s

    def stored_V(self, code: npt.NDArray[np.integer[Any]]) -> Doubles:
        """V_K, V_V: what the cell holds after its write."""
        volts: Doubles = self._cells.levels_V[code]
        return volts

    def pulse_charge_C(self, stored_V: Array, pulse_s: Array, age: Array, random: Array | float = 0.0) -> Doubles:
        """q of each cell written to `stored_V` `age` tokens ago; `random`: the cell's own deviation."""
        current_A = self._cells.current_A(stored_V, age)
        mismatch = self._model.cell.mismatch
        if "mismatch" in self._circuit and mismatch is not None:
            current_A = current_A + random * mismatch.current_sigma_A(stored_V)
        fixed_C = self._cells.fixed_charge_C(stored_V, age)
        charge: Doubles = current_A * pulse_s + fixed_C * (pulse_s > 0)
        return charge

    def column_charge_C(
        self,
        stored_V: Array,
        pulses_s: Array,
        age: Array,
        first_row: int = 0,
        random: Array | float = 0.0,
        modes: int = KEY_MODES,
    ) -> Doubles:
        """Q of columns: cells (..., rows, columns) at `age` (broadcast), pulses (..., rows) -> (..., columns).

        `first_row` is the place of the first row in its tile: rows far from the front end lose more to the wires.
        `modes`: of the wires' fast tier, `VALUE_MODES` for a V tile.
        """
        cells = self.pulse_charge_C(stored_V, pulses_s[..., None], age, random)
        total: Doubles = cells.sum(axis=-2)
        tile = self._circuit.tile
        if tile is not None:
            widths = (pulses_s / self.t_max_s)[..., None]
            lost = wire_loss(tile, stored_V, widths, self._circuit.tier, first_row, modes)[..., 0]
            total = total + self._circuit.unit_charge_C * lost
        return total

    def relu_pulse_s(self, charge_C: Array, spread: tuple[Any, Any] = (0.0, 0.0), noise: Any = 0.0) -> Doubles:
        """P at the cells of the V tile; `spread`: the converter's numbers for offset and gain."""
        converter = self._model.charge_to_pulse
        sigma = self._circuit.relu_sigma
        full_C = converter.full_scale_units * self._circuit.unit_charge_C
        own = np.zeros(2) if sigma is None else sigma
        moved_C = charge_C * (1 + own[1] * spread[1]) + full_C * own[0] * spread[0]
        moved_C = moved_C + full_C * self._circuit.relu_jitter * noise
        width = self._transfer_s("charge-to-pulse", converter, moved_C)
        if width is None:
            width = self.t_max_s * np.clip(moved_C / full_C, 0, 1)
        return np.where(width > 0, np.maximum(width + self._circuit.stretch * self.t_max_s, 0), 0)

    def signed_pulse_s(self, charge_C: Array, spread: tuple[Any, ...] = (0.0,) * 4, noise: Any = 0.0) -> Doubles:
        """The signed pulse; `spread`: offset and gain of positive, then of negative pulses."""
        converter = self._model.signed_charge_to_pulse
        full_C = converter.full_scale_units * self._circuit.unit_charge_C
        own = np.zeros(4) if self._circuit.signed_sigma is None else self._circuit.signed_sigma
        positive = charge_C >= 0
        gain = np.where(positive, own[1] * spread[1], own[3] * spread[3])
        offset = np.where(positive, own[0] * spread[0], -own[2] * spread[2]) / STEPS
        moved_C = charge_C * (1 + gain) + full_C * (offset + self._circuit.signed_jitter / STEPS * noise)
        width = self._transfer_s("signed-charge-to-pulse", converter, moved_C)
        return self.t_max_s * np.clip(moved_C / full_C, -1, 1) if width is None else width

    def code(self, pulse_s: Array, phase: Any = 0.0) -> Doubles:
        """Count of the counter, with the sign; `phase`: where the clock is, in -1/2 .. 1/2 of what is unknown of it."""
        counter = self._circuit.counter
        steps = pulse_s / (self.t_max_s / STEPS)
        if counter is None:
            nearest: Doubles = np.clip(np.rint(steps), -LARGEST_COUNT, LARGEST_COUNT)
            return nearest
        unknown = counter.spread * phase if "noise" in self._circuit else 0.0
        edges = np.floor((np.abs(steps) - counter.phase - unknown) / counter.period) + 1
        counted: Doubles = np.copysign(np.clip(edges, 0, counter.largest), steps)
        return counted

    def _transfer_s(self, effect: str, converter: Converter, charge_C: Array) -> Doubles | None:
        transfer = converter.transfer(self._model.condition) if effect in self._circuit else None
        return None if transfer is None else transfer.pulse_s(charge_C)

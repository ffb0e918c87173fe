"""Every value on the way to one output of a head, in SI units: what a simulation of the same head is held against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.cells import Doubles
from gaincell_char.attention.chain import INPUT_LEVELS, STEPS, TILE_TOKENS
from gaincell_char.attention.circuit import circuit
from gaincell_char.attention.effects import measured_effects
from gaincell_char.attention.equations import Equations
from gaincell_char.attention.wires import VALUE_MODES
from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.errors import InputError

_DRAWN = ("mismatch", "noise")


@dataclass(frozen=True)
class HeadOutput:
    """One query, N tokens of a tile, one of the D outputs."""

    input_pulse_s: Doubles
    """T_q, (D,)."""
    key_charge_C: Doubles
    """Q_K of every token's column, (N,)."""
    relu_pulse_s: Doubles
    """P on the word lines of the V tile, (N,)."""
    value_charge_C: float
    """Q_V."""
    signed_pulse_s: float
    """Negative for a pulse of the other sign."""
    code: int
    """-16 .. 16."""
    step_s: float
    """A step of the counter (LSB), T_max/15.5."""

    @property
    def steps(self) -> float:
        """The signed pulse in steps of the counter, before it is counted."""
        return self.signed_pulse_s / self.step_s


def trace_head(
    model: BehavioralModel,
    q_codes: npt.ArrayLike,
    key_codes: npt.ArrayLike,
    value_codes: npt.ArrayLike,
    *,
    effects: Iterable[str] | None = None,
    ages: npt.ArrayLike = 0,
    first_row: int = 0,
    ir_drop: str = "exact",
) -> HeadOutput:
    """One output of a head on the circuits of `model`, at its condition (`behavior.at_condition` gives another).

    Parameters
    ----------
    q_codes: (D,) input levels, 0 to 15.
    key_codes: (N, D) stored levels of the keys, 0 to 7 for a cell of 8 levels.
    value_codes: (N,) stored levels of the values in the column of this output; N is 1 to 64, one tile.
    effects: as in `analog_attention`; None: all measured ones but mismatch and noise, which are not drawn here. ():
        the published equations.
    ages: (N,) tokens since each was stored.
    first_row: the row of the first token in its tile; row 0 is next to the front end.
    ir_drop: "exact" or "fast".

    Raises
    ------
    InputError
        Codes of other shapes or beyond their levels, an effect that is unknown, not measured or drawn.
    """
    q = _codes("q", q_codes, INPUT_LEVELS)
    k, v = (_codes(name, codes, model.cell.n_levels) for name, codes in (("key", key_codes), ("value", value_codes)))
    tokens = v.size
    if q.ndim != 1 or v.ndim != 1 or k.shape != (tokens, q.size) or not 1 <= tokens <= TILE_TOKENS - first_row:
        raise InputError(
            f"q_codes {q.shape}, key_codes {k.shape}, value_codes {v.shape}: expected (D,), (N, D) and (N,), "
            f"N from 1 to {TILE_TOKENS - first_row}"
        )
    chosen = [name for name in measured_effects(model) if name not in _DRAWN] if effects is None else list(effects)
    for name in _DRAWN:
        if name in chosen:
            raise InputError(f"effect {name}: it is drawn for a whole layer (analog_attention); a traced head has none")
    age = np.broadcast_to(np.asarray(ages, float), (tokens,))
    own = circuit(model, chosen, window=1, decay=True, tiles="absolute", tier=ir_drop)
    chips = Equations(own)
    pulses_s = chips.input_pulse_s(q)
    key_charge_C = chips.column_charge_C(chips.stored_V(k).T, pulses_s, age)
    relu_pulse_s = chips.relu_pulse_s(key_charge_C)
    value_charge_C = chips.column_charge_C(
        chips.stored_V(v)[:, None], relu_pulse_s, age[:, None], first_row, modes=VALUE_MODES
    )[0]
    signed_pulse_s = chips.signed_pulse_s(value_charge_C)
    return HeadOutput(
        pulses_s,
        key_charge_C,
        relu_pulse_s,
        float(value_charge_C),
        float(signed_pulse_s),
        int(chips.code(signed_pulse_s)),
        chips.t_max_s / STEPS,
    )


def _codes(name: str, codes: npt.ArrayLike, levels: int) -> npt.NDArray[np.int64]:
    values: npt.NDArray[Any] = np.asarray(codes)
    if values.dtype.kind not in "iu" or values.size == 0:
        raise InputError(f"{name}_codes: {values.size} values of {values.dtype}; expected whole numbers, at least one")
    if values.min() < 0 or values.max() >= levels:
        raise InputError(f"{name}_codes: from {values.min()} to {values.max()}; expected 0 to {levels - 1}")
    return values.astype(np.int64)

"""The signal chain of one head with every choice made: what both implementations of the attention compute."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from gaincell_char.behavior.law import CurrentLaw, MeasuredLaw, PolynomialLaw, TabulatedLaw, current_law
from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.errors import InputError

if TYPE_CHECKING:
    from gaincell_char.attention.circuit import Circuit

# a gain-cell array is 64 x 64: 64 tokens of one head
TILE_TOKENS = 64
# levels of the input pulse (4 bit), and of the pulse counter over -1..1 (5 bit, signed)
INPUT_LEVELS = 16
OUTPUT_LEVELS = 32
# steps of the counter in a pulse of T_max: the grid of 32 levels over -1..1 counts from -16 to 16
STEPS = (OUTPUT_LEVELS - 1) / 2
LARGEST_COUNT = 16

Tiles = Literal["absolute", "ring"]


@dataclass(frozen=True)
class Chain:
    """Laws of both products in unit currents, full scales, levels, window, tiles, and a characterized circuit."""

    key_law: CurrentLaw
    value_law: CurrentLaw
    level_range_V: tuple[float, float]
    stored_levels: int
    score_scale: float
    current_scale: float
    window: int
    quantize: bool
    tiles: Tiles
    circuit: Circuit | None = None

    def tile_of(self, position: int) -> int:
        """The tile that holds the token at `position`: by its place in the text, or by its slot in the ring buffer."""
        return (position % self.window if self.tiles == "ring" else position) // TILE_TOKENS


def chain(
    model: BehavioralModel,
    *,
    window: int = 1024,
    quantize: bool = True,
    decay: bool | float = True,
    decay_dtype: str = "float64",
    tiles: str = "absolute",
) -> Chain:
    """The signal chain of `model` under the options of `analog_attention`.

    Raises
    ------
    InputError
        A window below 1, a decay that is negative or not finite, an unknown `decay_dtype` or `tiles`, bfloat16 decay
        for a law that is not exponential.
    """
    if isinstance(window, bool) or not isinstance(window, int) or window < 1:
        raise InputError(f"window: {window!r}; expected a whole number of tokens, at least 1")
    if not isinstance(decay, int | float) or not (math.isfinite(decay) and decay >= 0):
        raise InputError(f"decay: {decay!r}; expected True, False or a finite lambda per token >= 0")
    if tiles not in ("absolute", "ring"):
        raise InputError(f"tiles: {tiles!r}; expected 'absolute' or 'ring'")
    law = current_law(model, decay)
    low, high = model.cell.level_range_V
    if quantize and low >= 0 and isinstance(law, MeasuredLaw):
        step = (high - low) / (model.cell.n_levels - 1)
        law = TabulatedLaw(law, step, 1 + round(high / step))
    return Chain(
        key_law=_rounded(law, decay_dtype),
        value_law=law,
        level_range_V=(low, high),
        stored_levels=model.cell.n_levels,
        score_scale=model.charge_to_pulse.full_scale_units,
        current_scale=model.signed_charge_to_pulse.full_scale_units,
        window=window,
        quantize=quantize,
        tiles="ring" if tiles == "ring" else "absolute",
    )


def _rounded(law: CurrentLaw, decay_dtype: str) -> CurrentLaw:
    if decay_dtype == "float64":
        return law
    if decay_dtype != "bfloat16":
        raise InputError(f"decay_dtype: {decay_dtype!r}; expected 'float64' or 'bfloat16'")
    if not isinstance(law, PolynomialLaw):
        raise InputError("decay_dtype: 'bfloat16' rounds an exponential decay; this law is measured, use 'float64'")
    return replace(law, bfloat16=True)

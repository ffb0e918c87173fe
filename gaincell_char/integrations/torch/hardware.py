"""What a behavioral model and the options of `analog_attention` mean for tensors: laws, levels, scales."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaincell_char.attention.chain import Chain, chain
from gaincell_char.behavior.law import CurrentLaw, PolynomialLaw, current_law
from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.integrations.torch.laws import Surrogate, TensorLaw


@dataclass(frozen=True)
class Hardware:
    """The signal chain with its laws as tensors take them, and the surrogates of both products."""

    chain: Chain
    key_law: TensorLaw
    value_law: TensorLaw
    key_surrogate: Surrogate
    value_surrogate: Surrogate

    @property
    def level_step_V(self) -> float:
        """Distance of the stored levels."""
        low, high = self.chain.level_range_V
        return (high - low) / (self.chain.stored_levels - 1)


def hardware(
    model: BehavioralModel,
    *,
    window: int = 1024,
    quantize: bool = True,
    decay: bool | float = True,
    decay_dtype: str = "float64",
    tiles: str = "absolute",
) -> Hardware:
    """The hardware of `model` under the options of `gaincell_char.analog_attention`, which raises the same errors."""
    own = chain(model, window=window, quantize=quantize, decay=decay, decay_dtype=decay_dtype, tiles=tiles)
    value_law = current_law(model, decay)
    key_law: CurrentLaw = own.key_law if isinstance(own.key_law, PolynomialLaw) else value_law
    low, high = own.level_range_V
    stored_V = np.linspace(low, high, own.stored_levels)
    step = (high - low) / (own.stored_levels - 1)
    # the quantizer's grid contains 0; below 0 there is none to look up
    grid_V = step * np.arange(1 + round(high / step)) if quantize and low >= 0 else None
    center_V = model.cell.current.center
    return Hardware(
        own,
        TensorLaw(key_law, grid_V),
        TensorLaw(value_law, grid_V),
        Surrogate(key_law, stored_V, center_V),
        Surrogate(value_law, stored_V, center_V),
    )

"""The parts that a tile of some heads passes through: as published, or as the circuit was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.chain import INPUT_LEVELS, STEPS, Chain
from gaincell_char.attention.circuit import Circuit
from gaincell_char.attention.circuit_products import CircuitProduct
from gaincell_char.attention.conversions import Conversions, Heads, Measured, Published
from gaincell_char.attention.products import Product, product
from gaincell_char.attention.spread import Mismatch, Noise

Array = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Stages:
    """Scores in full scales of the ReLU converter, currents in steps of the counter (1/step of its full scale)."""

    scores: Product
    currents: Product
    conversions: Conversions
    step: float


class Draws:
    """Mismatch and noise of one call to a layer, for all its heads; q (B, H, T, D), the first of them at `first`."""

    def __init__(self, circuit: Circuit, layer: int, q: Array, first: int) -> None:
        self.mismatch = Mismatch(circuit, layer, q.shape[1], q.shape[3]) if "mismatch" in circuit else None
        self.noise: Noise | None = None
        if "noise" in circuit:
            self.noise = Noise(circuit, layer, np.rint(q * (INPUT_LEVELS - 1)).astype(np.int64), first)


def published(chain: Chain, dtype: np.dtype[Any]) -> Stages:
    """The equations of the paper with the laws of `chain`."""
    step = 1 / STEPS if chain.quantize else 1.0
    return Stages(
        product(chain.key_law, chain.score_scale, dtype),
        product(chain.value_law, chain.current_scale * step, dtype),
        Published(step, chain.quantize),
        step,
    )


def measured(circuit: Circuit, chain: Chain, dtype: np.dtype[Any], draws: Draws, heads: Heads) -> Stages:
    """The same with what was measured, for the heads at `heads` = (batch, slice of the heads)."""
    keys = values = converters = None
    if draws.mismatch is not None:
        keys, values = (draws.mismatch.cells(kind)[heads[1]] for kind in ("k", "v"))
        converters = draws.mismatch.relu()[heads[1]], draws.mismatch.signed()[heads[1]]
    noise = None if draws.noise is None else (draws.noise, heads)
    return Stages(
        CircuitProduct(circuit, chain.score_scale, dtype, keys),
        CircuitProduct(circuit, chain.current_scale / STEPS, dtype, values),
        Measured(circuit, dtype, converters, noise),
        1 / STEPS,
    )

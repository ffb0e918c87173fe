"""The attention module that trains on a behavioral model's cells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gaincell_char.attention.chain import Chain, chain
from gaincell_char.attention.scalers import NAMES, LayerScalers, Scalers
from gaincell_char.behavior import BehavioralModel
from gaincell_char.behavior.law import PolynomialLaw
from gaincell_char.integrations.torch import AnalogAttention
from gaincell_char.training.hardware import (
    MID_SUPPLY_V,
    SCORE_FULL_SCALE,
    STRONGEST_DECAY,
    SUM_FULL_SCALE,
    Cell,
    HardwareAttention,
)
from gaincell_char.training.model import GPT


def cell_attention(model: BehavioralModel, n_head: int, length: int, *, fast: bool) -> nn.Module:
    """Attention of `n_head` heads on the cells of `model`, q, k, v (B, H, T, D) -> (B, H, T, D), T up to `length`.

    `fast`, for a CPU: a cell of the paper's form takes its products in bfloat16 and keeps their scores for the backward
    pass. Any other cell, and all others, run as `integrations.torch` has them. Both have parameters `a.q`, `b.q`, ...
    and the same surrogate gradients.
    """
    paper = _paper_cell(chain(model), length) if fast else None
    return AnalogAttention(model, n_head) if paper is None else HardwareAttention(n_head, paper)


def _paper_cell(own: Chain, length: int) -> Cell | None:
    """The cell as `HardwareAttention` takes it; None where it has no place there."""
    law = own.value_law
    if not isinstance(law, PolynomialLaw):
        return None
    scales = (own.score_scale, own.current_scale) == (SCORE_FULL_SCALE, SUM_FULL_SCALE)
    levels = own.level_range_V == (0.0, 2 * MID_SUPPLY_V) and own.stored_levels == 8 and law.v_inf_V == MID_SUPPLY_V
    foldable = (len(law.coefficients) - 1) * law.decay * length <= STRONGEST_DECAY
    return Cell(law.coefficients, law.decay, own.window) if scales and levels and foldable else None


@contextmanager
def exact(network: GPT) -> Iterator[None]:
    """Inside, all attention of `network` computes in float32."""
    layers = [module for module in network.modules() if isinstance(module, HardwareAttention)]
    before = [layer.compute for layer in layers]
    for layer in layers:
        layer.compute = torch.float32
    try:
        yield
    finally:
        for layer, compute in zip(layers, before, strict=True):
            layer.compute = compute


@torch.no_grad()
def set_scalers(network: GPT, scalers: Scalers) -> None:
    """Give every layer of a hardware network its scalers."""
    for block, layer in zip(network.blocks, scalers, strict=True):
        for name in NAMES:
            for parameters, values in zip(_parts(block.attn.attention), layer[name], strict=True):
                parameters[name].copy_(torch.from_numpy(values.copy()))


def scalers_of(network: GPT) -> Scalers:
    """The scalers of a hardware network, as `attention.scalers.save_scalers` takes them."""

    def layer(attention: nn.Module) -> LayerScalers:
        a, b = _parts(attention)
        return {name: (_numbers(a[name]), _numbers(b[name])) for name in NAMES}

    return [layer(block.attn.attention) for block in network.blocks]


def _parts(attention: nn.Module) -> tuple[nn.ParameterDict, nn.ParameterDict]:
    return cast("nn.ParameterDict", attention.a), cast("nn.ParameterDict", attention.b)


def _numbers(parameter: Tensor) -> npt.NDArray[np.float64]:
    numbers: npt.NDArray[np.float64] = parameter.detach().cpu().double().numpy()
    return numbers

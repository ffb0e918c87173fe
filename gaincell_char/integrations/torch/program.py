"""A cell's attention as one torch program: a file that torch runs and trains without this package."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gaincell_char.attention.chain import INPUT_LEVELS, OUTPUT_LEVELS, TILE_TOKENS
from gaincell_char.attention.quantizers import SMALLEST_GAIN
from gaincell_char.attention.scalers import NAMES
from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.errors import InputError
from gaincell_char.integrations.torch.attention import default_scalers
from gaincell_char.integrations.torch.hardware import Hardware, hardware
from gaincell_char.integrations.torch.laws import LINEAR_SLOPE, Surrogate, TensorLaw
from gaincell_char.keys import publish

_LONGEST = 1 << 16
"""Tokens of a text that a program takes at most."""


class DenseAttention(nn.Module):
    """The equations of `attention.reference` on whole matrices, tokens x tokens: q, k, v (B, H, T, D) -> (B, H, T, D).

    Numbers and gradients are those of `integrations.torch.analog_attention`; memory grows with the square of T.
    Parameters `a.q`, `b.q`, ... are the scalers.
    """

    def __init__(self, own: Hardware, heads: int) -> None:
        super().__init__()
        if own.chain.tiles != "absolute":
            raise InputError(f"tiles: {own.chain.tiles!r}; a torch program has absolute tiles only")
        self._own = own
        start = default_scalers(heads, heads)
        self.a = nn.ParameterDict({name: nn.Parameter(start[name][0].float()) for name in NAMES})
        self.b = nn.ParameterDict({name: nn.Parameter(start[name][1].float()) for name in NAMES})

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        chain, step_V = self._own.chain, self._own.level_step_V
        pulses = self._levels("q", q, (0.0, 1.0), 1 / (INPUT_LEVELS - 1))
        keys = self._levels("k", k, chain.level_range_V, step_V)
        values = self._levels("v", v, chain.level_range_V, step_V)
        token = torch.arange(q.shape[2], device=q.device)
        age = token[:, None] - token
        keep = ((age >= 0) & (age < chain.window)).to(q.dtype)
        age = age.clamp(0, chain.window - 1)

        law, surrogate = self._own.key_law, self._own.key_surrogate
        true = _total(_aged([pulses @ f.mT for f in law.level_terms(keys)], law, age, chain.window))
        linear = surrogate.decay_table(chain.window, q)[age] * (pulses @ _weights(keys, surrogate).mT)
        relu = (keep * _seen(true, linear) / chain.score_scale).clamp(0, 1)
        currents = self._currents(relu, values, age)
        counts = self._quantized((currents / chain.current_scale).clamp(-1, 1), 2 / (OUTPUT_LEVELS - 1))
        return self._scaled("out", counts.sum(2))

    def _currents(self, relu: Tensor, values: Tensor, age: Tensor) -> Tensor:
        """A_n of every tile: (B, H, tiles, T, D)."""
        window, law, surrogate = self._own.chain.window, self._own.value_law, self._own.value_surrogate
        token, held = _tiles(relu.shape[3], relu.device)

        def summed(pulses: Tensor, stored: Tensor) -> Tensor:
            return (pulses[..., token] * held).movedim(3, 2) @ stored[:, :, token]

        terms = law.level_terms(values)
        pulses = _aged([relu] * len(terms), law, age, window)
        true = _total([summed(p, f) for p, f in zip(pulses, terms, strict=True)])
        decayed = relu * surrogate.decay_table(window, relu)[age]
        return _seen(true, summed(decayed, _weights(values, surrogate)))

    def _levels(self, name: str, x: Tensor, limits: tuple[float, float], step: float) -> Tensor:
        return self._quantized(self._scaled(name, x).clamp(*limits), step)

    def _quantized(self, x: Tensor, step: float) -> Tensor:
        return _seen(step * torch.round(x / step), x) if self._own.chain.quantize else x

    def _scaled(self, name: str, x: Tensor) -> Tensor:
        a, b = (part[name].to(x.dtype)[:, None, None] for part in (self.a, self.b))
        scaled: Tensor = x * a.clamp_min(SMALLEST_GAIN) + b
        return scaled


def save_torch_program(
    model: BehavioralModel, path: Path, heads: int = 1, dtype: torch.dtype = torch.float32, **options: Any
) -> None:
    """Write `DenseAttention` of `model` with `heads` heads to `path`, for `torch.export.load(path).module()`.

    Batch, tokens (at least 2) and width are free, the `dtype` of the inputs is not. `options` are those of
    `gaincell_char.analog_attention`, tiles aside.

    Raises
    ------
    InputError
        An option out of its range.
    EnvironmentFault
        A file that cannot be written.
    """
    module = DenseAttention(hardware(model, **options), heads).to(dtype)
    example = tuple(torch.randn(2, heads, TILE_TOKENS + 6, 16, dtype=dtype) for _ in range(3))
    tokens = torch.export.Dim("tokens", min=2, max=_LONGEST)
    free = {0: torch.export.Dim("batch"), 2: tokens, 3: torch.export.Dim("width")}
    memory = io.BytesIO()
    torch.export.save(torch.export.export(module, example, dynamic_shapes=(free, free, free)), memory)
    publish(path, memory.getvalue())


def _seen(value: Tensor, surrogate: Tensor) -> Tensor:
    """`value` forward, the gradient of `surrogate` backward."""
    return value.detach() + (surrogate - surrogate.detach())


def _aged(terms: list[Tensor], law: TensorLaw, age: Tensor, window: int) -> list[Tensor]:
    """Each term (..., T, S) times its age function."""
    table = law.age_table(window, terms[0])
    return terms if table is None else [term * row[age] for term, row in zip(terms, table, strict=True)]


def _total(parts: list[Tensor]) -> Tensor:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _weights(level_V: Tensor, surrogate: Surrogate) -> Tensor:
    """What gradients see of a stored level."""
    return LINEAR_SLOPE * (level_V - surrogate.center_V)


def _tiles(tokens: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Which token each slot of each tile holds, and whether it holds one: (tiles, 64) both.

    A program's sizes must not be 0 or 1 for some inputs only, so there is an empty tile too many: it counts 0.
    """
    first = torch.arange(tokens // TILE_TOKENS + 2, device=device) * TILE_TOKENS
    token = first[:, None] + torch.arange(TILE_TOKENS, device=device)
    return token.clamp_max(tokens - 1), token < tokens

"""`analog_attention` on tensors: differentiable in q, k, v and the scalers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from gaincell_char.attention.chain import INPUT_LEVELS
from gaincell_char.attention.quantizers import SMALLEST_GAIN
from gaincell_char.attention.scalers import DEFAULT_OFFSET, NAMES
from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.errors import InputError
from gaincell_char.integrations.torch.hardware import Hardware, hardware
from gaincell_char.integrations.torch.tile_sums import tile_sums

TensorScalers = Mapping[str, tuple[Any, Any]]
"""(a, b) for `q`, `k`, `v` and `out`: tensors or arrays, one number a head."""


def analog_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    model: BehavioralModel,
    scalers: TensorScalers | None = None,
    window: int = 1024,
    quantize: bool = True,
    decay: bool | float = True,
    decay_dtype: str = "float64",
    tiles: str = "absolute",
) -> Tensor:
    """Gain-cell attention of raw projections q, k, v (B, H, T, D) -> (B, H, T, D): `gaincell_char.analog_attention`.

    The options are those of the NumPy function, and so are the numbers. float64 and float32 are computed as given, half
    precision in float32; the result has the dtype of q. k and v may have fewer heads, a divisor of H: neighboring query
    heads then read the same cells (grouped heads), and their scalers are (heads of k,).

    Gradients reach q, k, v and the scalers by the surrogate of arXiv 2409.19315: quantizers pass them, clips where
    lo <= x <= hi, and the cell is the linear one, with its decay, once.

    Raises
    ------
    InputError
        Shapes or scalers that do not fit, numbers that are not finite, an option out of its range.
    """
    own = hardware(model, window=window, quantize=quantize, decay=decay, decay_dtype=decay_dtype, tiles=tiles)
    check_heads(q, k, v)
    if q.shape[2] != k.shape[2]:
        raise InputError(f"k: {k.shape[2]} tokens; expected those of q, {q.shape[2]}")
    if not all(bool(x.isfinite().all()) for x in (q, k, v)):
        raise InputError("q, k, v: they hold numbers that are not finite")
    used = default_scalers(q.shape[1], k.shape[1]) if scalers is None else scalers
    check_scalers(used, q.shape[1], k.shape[1])
    return attend(q, k, v, used, own)


def attend(q: Tensor, k: Tensor, v: Tensor, scalers: TensorScalers, hardware: Hardware, start: int = 0) -> Tensor:
    """Attention of queries q (B, H, T, D), the last T of the tokens k, v (B, G, S, D) from position `start` on."""
    with torch.autocast(q.device.type, enabled=False):
        chain, given = hardware.chain, q.dtype
        wide = given if given in (torch.float32, torch.float64) else torch.float32
        input_step, level_step_V = (1 / (INPUT_LEVELS - 1), hardware.level_step_V) if chain.quantize else (None, None)
        pulses = _levels(_scale(q.to(wide), scalers["q"]), (0.0, 1.0), input_step)
        keys = _levels(_scale(k.to(wide), scalers["k"]), chain.level_range_V, level_step_V)
        values = _levels(_scale(v.to(wide), scalers["v"]), chain.level_range_V, level_step_V)
        y = tile_sums(pulses, keys, values, hardware, start)
        return _scale(y, scalers["out"]).to(given)


def default_scalers(heads: int, stored: int) -> dict[str, tuple[Tensor, Tensor]]:
    """a = 1; b = 0 for q and out, 0.45 V for k and v, of `heads` query heads and `stored` key heads."""
    count = {"q": heads, "k": stored, "v": stored, "out": heads}
    return {
        name: (torch.ones(count[name], dtype=torch.float64), torch.full((count[name],), DEFAULT_OFFSET[name]).double())
        for name in NAMES
    }


def check_heads(q: Tensor, k: Tensor, v: Tensor) -> None:
    """Raise `InputError` unless q (B, H, T, D) and k, v (B, G, S, D), H a multiple of G, S >= T, fit each other."""
    for name, x in (("q", q), ("k", k), ("v", v)):
        if x.ndim != 4 or 0 in x.shape:
            raise InputError(f"{name}: shape {tuple(x.shape)}; expected (B, H, T, D), each at least 1")
        if not x.is_floating_point() or x.dtype != q.dtype or x.device != q.device:
            raise InputError(f"{name}: {x.dtype} on {x.device}; expected the floating dtype and device of q, k and v")
    same = q.shape[0] == k.shape[0] and q.shape[3] == k.shape[3] and k.shape == v.shape and k.shape[2] >= q.shape[2]
    if not same or q.shape[1] % k.shape[1]:
        shapes = ", ".join(f"{name} {tuple(x.shape)}" for name, x in (("q", q), ("k", k), ("v", v)))
        raise InputError(f"{shapes}; expected q (B, H, T, D), k and v (B, G, T, D) with H a multiple of G")


def check_scalers(scalers: TensorScalers, heads: int, stored: int, where: str = "scalers") -> None:
    """Raise `InputError` unless `scalers` has a, b (heads,) for q and out, (stored,) for k and v."""
    for name, count in (("q", heads), ("k", stored), ("v", stored), ("out", heads)):
        if name not in scalers:
            raise InputError(f"{where}: no {name!r}; expected (a, b) for each of {', '.join(NAMES)}")
        for part, values in zip("ab", scalers[name], strict=True):
            if tuple(values.shape) != (count,):
                raise InputError(f"{where}.{name}.{part}: shape {tuple(values.shape)}, expected ({count},), one a head")


def _scale(x: Tensor, scaler: tuple[Any, Any]) -> Tensor:
    """max(a, 1e-20) x + b per head: x (B, H, T, D), a and b (H,)."""
    a, b = (torch.as_tensor(part, device=x.device).to(x.dtype)[:, None, None] for part in scaler)
    scaled: Tensor = x * a.clamp_min(SMALLEST_GAIN) + b
    return scaled


def _levels(x: Tensor, limits: tuple[float, float], step: float | None) -> Tensor:
    levels: Tensor = _Levels.apply(x, *limits, step)  # type: ignore[no-untyped-call]
    return levels


class _Levels(torch.autograd.Function):
    """step rint(clip(x, low, high)/step), step None: not quantized. The gradient passes where low <= x <= high."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, low: float, high: float, step: float | None) -> Tensor:
        ctx.save_for_backward((x >= low) & (x <= high))
        clipped = x.clamp(low, high)
        return clipped if step is None else clipped.div_(step).round_().mul_(step)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        (inside,) = ctx.saved_tensors
        return gradients[0] * inside, None, None, None

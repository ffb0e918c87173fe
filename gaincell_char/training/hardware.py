"""Analog gain-cell attention that trains: the behavioral equations forward, their linear surrogate backward.

The equations are those of Leroux et al. (Nature Computational Science 5, 813-824, 2025; arXiv 2409.19315). Quantizers
pass gradients straight through, clips pass them inside their range, and the cell's backward is always the linear one,
with the slope `LINEAR_SLOPE` and one factor of decay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

LINEAR_SLOPE = 19.3
"""Current of the linear cell per volt from mid-supply, in the paper's arbitrary units."""

NONLINEAR_COEFFICIENTS = (0.52136361391, 13.612260634, -2.620445619, 46.05483778)
"""Published cell: I(V) = sum_i A_i (V - 0.45)^i."""

MID_SUPPLY_V = 0.45
TILE = 64
SCORE_FULL_SCALE = 80.0
SUM_FULL_SCALE = 40.0
OUTPUT_STEPS = 31
STRONGEST_DECAY = 40.0
"""Largest order x lambda x tokens that folds into both sides: exp(40) of either is within float32."""


@dataclass(frozen=True)
class Cell:
    """The array a model trains on.

    Attributes:
        coefficients: A_i of the cell's polynomial in (V - 0.45); (0, 19.3) is the linear model.
        decay: lambda, the exponent of the leakage per token; 0 switches it off.
        window: tokens a query sees, itself included.
        quantize: quantizers on (clips always are).
    """

    coefficients: tuple[float, ...] = (0.0, LINEAR_SLOPE)
    decay: float = 1.6e-4
    window: int = 1024
    quantize: bool = True


@dataclass(frozen=True)
class Variation:
    """How the cells of each sequence of a batch differ from linear ones, the same in all layers.

    Attributes:
        shift_V: (B,), how far below mid-supply they cross zero.
        bend: (B,), their share of the published cell's curvature: its curve minus its own current at mid-supply, minus
            the linear cell's.
    """

    shift_V: Tensor
    bend: Tensor

    def of(self, y: Tensor) -> Tensor:
        """Stored levels y (B, H, T, D), V from mid-supply -> the voltages at which a linear cell has the same current.

        The gradient passes as if nothing varied, as the surrogate has it. Decay acts on what this returns, not on the
        level itself: over 1024 tokens the difference is below a tenth of the bend.
        """
        shift, bend = (x.to(y.dtype)[:, None, None, None] for x in (self.shift_V, self.bend))
        with torch.no_grad():
            _, slope, square, cube = (a / LINEAR_SLOPE for a in NONLINEAR_COEFFICIENTS)
            moved = shift + bend * y * ((slope - 1) + y * (square + y * cube))
        return y + moved


def clip_quantize(x: Tensor, low: float, high: float, levels: int, quantize: bool = True) -> Tensor:
    """clip(x, low, high) on a grid of `levels` values anchored at 0; the gradient passes where low <= x <= high."""
    clipped = x.clamp(low, high)
    if not quantize:
        return clipped
    step = (high - low) / (levels - 1)
    return clipped + (step * torch.round(clipped.detach() / step) - clipped.detach())


def _powers(x: Tensor, orders: Sequence[int], exponent: Tensor) -> Tensor:
    """(N, T, D) -> (N, T, orders * D): x^i exp(i * exponent), the exponent (T,) that folds the decay in."""
    return torch.cat([x.pow(i) * (i * exponent).exp()[:, None] for i in orders], -1)


class TiledProducts(torch.autograd.Function):
    """The two analog products and what lies between, for N heads at once: q, k, v (N, T, D) -> Y (N, T, D).

    q in 0..1, k and v are stored levels minus 0.45 V. The decay r^(i (t - s)) is folded: r^(i t) into the query's side,
    r^(-i s) into the stored side. The loop runs over tiles of 64 stored tokens; each tile serves all queries after it,
    so temporaries are (N, T, 64) and only a tile's own 64 queries need the causal mask.
    """

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, cell: Cell) -> Tensor:
        length, width = q.shape[1:]
        orders = [i for i, a in enumerate(cell.coefficients) if a != 0]
        age = cell.decay * torch.arange(length, dtype=torch.float64)
        if max(orders) * cell.decay * length > STRONGEST_DECAY:
            raise ValueError(
                f"decay {cell.decay} per token over {length} tokens is too strong to train through: "
                f"order {max(orders)} would fall by exp({max(orders) * cell.decay * length:.0f})"
            )
        age = age.to(torch.promote_types(q.dtype, torch.float32))
        amplitude = torch.tensor([cell.coefficients[i] for i in orders], dtype=age.dtype)
        folded = [a / SCORE_FULL_SCALE * (-i * age).exp()[:, None] for i, a in zip(orders, amplitude, strict=True)]
        query = torch.cat([q * factor.to(q.dtype) for factor in folded], -1)
        stored_k = _powers(k, orders, age).to(q.dtype)
        stored_v = _powers(v, orders, age).to(q.dtype)
        # (T, orders): what each order's partial sum is scaled by at the query's time, in units of the output's step
        gain = amplitude / SUM_FULL_SCALE * (-age[:, None] * torch.tensor(orders, dtype=age.dtype)).exp()
        half = OUTPUT_STEPS / 2 if cell.quantize else 1.0
        gain = (gain * half).to(q.dtype)

        y = torch.zeros(q.shape, dtype=age.dtype)
        scores: list[Tensor] = []
        saturated: list[Tensor | None] = []
        for start in range(0, length, TILE):
            tile = slice(start, min(start + TILE, length))
            later = slice(start, min(length, tile.stop - 1 + cell.window))
            score = torch.bmm(query[:, later], stored_k[:, tile].transpose(1, 2))
            _mask_(score, tile.stop - start, cell.window)
            partial = torch.bmm(score.clamp(0, 1), stored_v[:, tile])
            if len(orders) == 1:
                total = partial.mul_(gain[later])
            else:
                total = (partial.view(*partial.shape[:2], len(orders), width) * gain[later, :, None]).sum(-2)
            low, high = torch.aminmax(total)
            beyond = total.abs() > half if float(high) > half or float(low) < -half else None
            saturated.append(beyond)
            if beyond is not None:
                total.clamp_(-half, half)
            y[:, later] += total.round_() if cell.quantize else total
            scores.append(score)
        ctx.save_for_backward(q, k, v, *scores)
        ctx.cell, ctx.saturated = cell, saturated
        return y.div_(half)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        q, k, v, *scores = ctx.saved_tensors
        cell: Cell = ctx.cell
        length = q.shape[1]
        age = (cell.decay * torch.arange(length, dtype=torch.float64)).to(torch.promote_types(q.dtype, torch.float32))
        fall, rise = (-age).exp()[:, None], age.exp()[:, None]
        outer = (gradients[0] * (fall * (LINEAR_SLOPE / SUM_FULL_SCALE))).to(q.dtype)
        query = (q * (fall * (LINEAR_SLOPE / SCORE_FULL_SCALE))).to(q.dtype)
        stored_k, stored_v = (k * rise).to(q.dtype), (v * rise).to(q.dtype)
        dq = torch.zeros(q.shape, dtype=age.dtype)
        dk, dv = torch.empty_like(q), torch.empty_like(q)
        for number, score in enumerate(scores):
            start = number * TILE
            tile = slice(start, min(start + TILE, length))
            later = slice(start, min(length, tile.stop - 1 + cell.window))
            d_sum = outer[:, later]
            if ctx.saturated[number] is not None:
                d_sum = d_sum.masked_fill(ctx.saturated[number], 0)
            weights = score.clamp(0, 1)
            dv[:, tile] = torch.bmm(weights.transpose(1, 2), d_sum)
            d_score = torch.bmm(d_sum, stored_v[:, tile].transpose(1, 2))
            d_score.masked_fill_(weights != score, 0)
            dq[:, later] += torch.bmm(d_score, stored_k[:, tile])
            dk[:, tile] = torch.bmm(d_score.transpose(1, 2), query[:, later])
        dq *= fall * (LINEAR_SLOPE / SCORE_FULL_SCALE)
        return dq.to(q.dtype), (dk * rise).to(q.dtype), (dv * rise).to(q.dtype), None


def _mask_(score: Tensor, width: int, window: int) -> None:
    """Give cells outside the window a score of -1: no weight, no gradient. `score`: (N, queries, width), in place."""
    rows = score.shape[1]
    column = torch.arange(width)
    head = torch.arange(min(width, rows))
    score[:, : len(head)].masked_fill_(head[:, None] < column, -1.0)
    first = min(window, rows)  # from here on the tile's oldest tokens leave the window
    if first < rows:
        row = torch.arange(first, rows)
        score[:, first:].masked_fill_(row[:, None] - column >= window, -1.0)


class HardwareAttention(nn.Module):
    """Attention heads on gain-cell arrays, with the trained scalers a x + b around them.

    q, k, v are raw projections (B, H, T, D); there is no 1/sqrt(D) and no softmax. Scalers are per head, separate for
    q, k, v and the output.
    """

    def __init__(self, n_head: int, cell: Cell | None = None, compute: torch.dtype = torch.bfloat16) -> None:
        super().__init__()
        self.cell = Cell() if cell is None else cell
        self.compute = compute
        self.limit: int | None = None  # a shorter window than the cell's, for evaluation
        self.variation: Variation | None = None
        self.a = nn.ParameterDict({name: nn.Parameter(torch.ones(n_head)) for name in ("q", "k", "v", "out")})
        start = {"q": 0.0, "k": MID_SUPPLY_V, "v": MID_SUPPLY_V, "out": 0.0}
        self.b = nn.ParameterDict({name: nn.Parameter(torch.full((n_head,), x)) for name, x in start.items()})

    def scale(self, name: str, x: Tensor) -> Tensor:
        """One scaler: x (B, H, T, D) -> max(a, 1e-20) x + b."""
        scaled: Tensor = self.a[name].clamp_min(1e-20)[:, None, None] * x + self.b[name][:, None, None]
        return scaled

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        cell, shape = self.cell, q.shape
        if self.limit is not None:
            cell = replace(cell, window=min(cell.window, self.limit))
        wide = self.a["q"].dtype
        with torch.autocast("cpu", enabled=False):
            q = clip_quantize(self.scale("q", q.to(wide)), 0.0, 1.0, 16, cell.quantize)
            k = clip_quantize(self.scale("k", k.to(wide)), 0.0, 2 * MID_SUPPLY_V, 8, cell.quantize) - MID_SUPPLY_V
            v = clip_quantize(self.scale("v", v.to(wide)), 0.0, 2 * MID_SUPPLY_V, 8, cell.quantize) - MID_SUPPLY_V
            if self.variation is not None:
                k, v = self.variation.of(k), self.variation.of(v)
            heads = (x.to(self.compute).flatten(0, 1) for x in (q, k, v))
            y: Tensor = TiledProducts.apply(*heads, cell)  # type: ignore[no-untyped-call]
            return self.scale("out", y.view(shape).to(wide))


@contextmanager
def cells_varied(model: nn.Module, variation: Variation | None) -> Iterator[None]:
    """Every hardware attention of `model` on cells that vary so; None: on its own."""
    layers = [module for module in model.modules() if isinstance(module, HardwareAttention)]
    for layer in layers:
        layer.variation = variation
    try:
        yield
    finally:
        for layer in layers:
            layer.variation = None

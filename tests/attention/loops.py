"""The behavioral attention written from the equations with scalar loops: no array operation, nothing of the package.

For each query and key the age is t - s; a level of a stored cell is what the clip and the quantizer leave of a x + b;
its current is a function I(level, age) given by the caller, in unit currents.
"""

from __future__ import annotations

import math
from collections.abc import Callable

Current = Callable[[float, int], float]
Vectors = list[list[float]]


def clip(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)


def on_grid(x: float, low: float, high: float, levels: int) -> float:
    """Half to even, as `round` of Python is; the grid contains zero."""
    step = (high - low) / (levels - 1)
    return step * round(x / step)


def level(x: float, a: float, b: float, low: float, high: float, levels: int, quantized: bool) -> float:
    clipped = clip(max(a, 1e-20) * x + b, low, high)
    return on_grid(clipped, low, high, levels) if quantized else clipped


def attend(
    q: Vectors,
    k: Vectors,
    v: Vectors,
    scalers: dict[str, tuple[float, float]],
    key_current: Current,
    value_current: Current,
    window: int,
    quantized: bool,
    ring: bool,
) -> Vectors:
    """One head: q, k, v are T vectors of width D."""
    tokens, width = len(q), len(q[0])
    pulse = [[level(x, *scalers["q"], 0.0, 1.0, 16, quantized) for x in row] for row in q]
    key = [[level(x, *scalers["k"], 0.0, 0.9, 8, quantized) for x in row] for row in k]
    value = [[level(x, *scalers["v"], 0.0, 0.9, 8, quantized) for x in row] for row in v]
    out = []
    for t in range(tokens):
        tiles: dict[int, list[float]] = {}
        for s in range(tokens):
            age = t - s
            if not 0 <= age < window:
                continue
            score = math.fsum(pulse[t][d] * key_current(key[s][d], age) for d in range(width))
            p = clip(score / 80.0, 0.0, 1.0)
            tile = (s % window if ring else s) // 64
            charge = tiles.setdefault(tile, [0.0] * width)
            for d in range(width):
                charge[d] += p * value_current(value[s][d], age)
        row = []
        for d in range(width):
            count = 0.0
            for charge in tiles.values():
                y = clip(charge[d] / 40.0, -1.0, 1.0)
                count += on_grid(y, -1.0, 1.0, 32) if quantized else y
            row.append(max(scalers["out"][0], 1e-20) * count + scalers["out"][1])
        out.append(row)
    return out


def polynomial_current(coefficients: list[float], center: float, decay: float, bfloat16: bool = False) -> Current:
    """I(V, age) = sum_i A_i (V - center)^i r^i, r = exp(-decay age); r rounded to bfloat16 step by step where asked."""

    def current(volts: float, age: int) -> float:
        r = math.exp(-decay * age)
        first = round_to_bfloat16(r) if bfloat16 else r
        factor, total = 1.0, 0.0
        for order, coefficient in enumerate(coefficients):
            total += coefficient * (volts - center) ** order * factor
            factor = factor * first
            if bfloat16:
                factor = round_to_bfloat16(factor)
        return total

    return current


def round_to_bfloat16(x: float) -> float:
    """`x` > 0 with 8 significant bits, half to even."""
    exponent = math.floor(math.log2(x)) - 7
    return math.ldexp(round(math.ldexp(x, -exponent)), exponent)

"""The characterized chain with scalar loops, in fractions of full scale: nothing of the package, one head, one layer.

A caller gives what each part does as plain functions: charge of a cell (unit currents x T_max) for (level, width, age),
P over S/80, signed steps over A_n/40, the count of a signed width in steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable

Vectors = list[list[int]]


def attend(
    q: Vectors,
    k: Vectors,
    v: Vectors,
    charge: Callable[[int, float, int], float],
    width: Callable[[int], float],
    relu: Callable[[float], float],
    signed: Callable[[float], float],
    count: Callable[[float], float],
    window: int,
) -> list[list[float]]:
    """Y of codes q, k, v: T vectors of width D."""
    tokens, depth = len(q), len(q[0])
    out = []
    for t in range(tokens):
        tiles: dict[int, list[float]] = {}
        for s in range(max(0, t - window + 1), t + 1):
            score = math.fsum(charge(k[s][d], width(q[t][d]), t - s) for d in range(depth))
            pulse = relu(score / 80)
            total = tiles.setdefault(s // 64, [0.0] * depth)
            for d in range(depth):
                total[d] += charge(v[s][d], pulse, t - s)
        out.append([sum(count(signed(total[d] / 40)) for total in tiles.values()) * 2 / 31 for d in range(depth)])
    return out


def on_segments(x: float, knots: list[float], rows: list[list[float]]) -> float:
    """A piecewise polynomial about the lower end of each interval, held outside."""
    x = min(max(x, knots[0]), knots[-1])
    place = max(i for i in range(len(rows)) if knots[i] <= x)
    return sum(c * (x - knots[place]) ** i for i, c in enumerate(rows[place]))


def counted(steps: float, phase: float, largest: int = 16) -> float:
    """Edges at phase, phase + 1, ... of a clock of one step within the pulse, with its sign."""
    edges = sum(abs(steps) >= phase + n for n in range(largest))
    return math.copysign(edges, steps)

"""The Pareto front of energy against loss on the model: the least energy for each of several losses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import Bounds, NonlinearConstraint, differential_evolution

from gaincell_char.errors import GaincellError
from gaincell_char.optimize.space import Array
from gaincell_char.optimize.surrogate import Surrogate

_POPULATION, _GENERATIONS = 12, 120
_APART = 0.02
"""Two designs nearer than this in every coordinate of the cube are one."""
Function = Callable[[Array], Array]


def front(surrogate: Surrogate, free: int, budget: float, count: int, seed: int, through: float | None = None) -> Array:
    """Points (at most `count`, free) of the cube, from the least loss to the least energy within `budget` (nats); one
    of them at the loss `through`, where the front has it.

    Raises
    ------
    GaincellError
        No design within the bounds is expected to keep the budget.
    """
    best = _least(surrogate, surrogate.added, None, free, seed)
    lowest = float(surrogate.added(best[None])[0])
    if lowest > budget:
        raise GaincellError(
            f"no design within the bounds is expected to lose less than {lowest:.3f} nats; raise --budget above it or "
            "widen --bound"
        )
    cheapest = _least(surrogate, surrogate.energy_J, budget, free, seed)
    highest = min(float(surrogate.added(cheapest[None])[0]), budget)
    levels = np.linspace(lowest, highest, count)[1:-1]
    if through is not None and levels.size and lowest < through < highest:
        levels[np.argmin(np.abs(levels - through))] = through
    between = [_least(surrogate, surrogate.energy_J, level, free, seed) for level in levels]
    return _distinct(np.array([best, *between, cheapest]))


def dominated(energy: Array, loss: Array) -> Array:
    """Which of n designs (bool, (n,)) another is at least as good as in both, and better in one."""
    better = (
        (energy <= energy[:, None]) & (loss <= loss[:, None]) & ((energy < energy[:, None]) | (loss < loss[:, None]))
    )
    return np.asarray(better.any(axis=1))


def _least(surrogate: Surrogate, goal: Function, most_added: float | None, free: int, seed: int) -> Array:
    """The point of least `goal` among those whose loss is known, and at most `most_added`."""

    def constrained(columns: Array) -> Array:
        points = columns.T if columns.ndim == 2 else columns[None]
        limits = surrogate.outside(points)[None] if most_added is None else surrogate.at_most(points, most_added)
        return limits if columns.ndim == 2 else limits[:, 0]

    def objective(columns: Array) -> Array:
        return goal(columns.T if columns.ndim == 2 else columns[None])

    found = differential_evolution(
        objective,  # type: ignore[arg-type]  # vectorized: a value for each column
        Bounds(np.zeros(free), np.ones(free)),
        constraints=NonlinearConstraint(constrained, -np.inf, 0.0),
        popsize=_POPULATION,
        maxiter=_GENERATIONS,
        tol=1e-4,
        seed=np.random.Generator(np.random.PCG64(seed)),
        polish=False,
        vectorized=True,
        updating="deferred",
    )
    return np.asarray(found.x)


def _distinct(points: Array) -> Array:
    kept: list[Array] = []
    for point in points:
        if all(np.abs(point - other).max() > _APART for other in kept):
            kept.append(point)
    return np.array(kept)

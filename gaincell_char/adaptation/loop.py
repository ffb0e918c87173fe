"""The iteration around the update: observe, move every scaler of every layer, observe again, until nothing moves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gaincell_char.adaptation.moments import LayerMoments, Observation, Target, constant
from gaincell_char.adaptation.update import TOLERANCE, mismatch, step_size, update
from gaincell_char.attention.observation import HeadStatistics
from gaincell_char.attention.scalers import Scalers

Observe = Callable[[Scalers], Observation]
Targets = Callable[[Observation], Sequence[LayerMoments]]
Progress = Callable[[int, int, str], None]

DEAD = 0.01
"""Deviation of a head's output below which it says nothing: a head that is dead on linear cells cannot freeze."""


@dataclass(frozen=True)
class Adaptation:
    """What an adaptation ended with.

    Attributes
    ----------
    scalers: of every layer, for the adapted cell.
    linear_loss: loss of the linear hardware model on the calibration batch, nats a token.
    loss: on the same batch, before the first update and after each: iterations + 1 values.
    kept: which of them `scalers` belong to: the last, or where `offset-aware` did not converge the nearest to its
        targets.
    iterations: updates made.
    converged: nothing moved any more.
    diverged: the last update gave numbers that are not finite; it was taken back, and the iteration ended there.
    errors: layer by layer, measured minus linear moments (mean, std) by name, at `scalers`.
    frozen: (layer, head) whose output is constant, so that its a could not be set, though it varies on linear cells.
    statistics: layer by layer, what was measured at `scalers`, with the share of values out of range.
    """

    scalers: Scalers
    method: str
    linear_loss: float
    loss: tuple[float, ...]
    kept: int
    iterations: int
    converged: bool
    diverged: bool
    errors: tuple[LayerMoments, ...]
    frozen: tuple[tuple[int, int], ...]
    statistics: tuple[Mapping[str, HeadStatistics], ...]

    def passes_within(self, nats: float) -> int:
        """Updates after which the loss stays within `nats` of the loss at `scalers`."""
        end = self.loss[self.kept]
        outside = [number for number, loss in enumerate(self.loss[: self.kept + 1]) if abs(loss - end) > nats]
        return outside[-1] + 1 if outside else 0


def iterate(
    observe: Observe,
    start: Scalers,
    linear: Observation,
    targets: Targets,
    *,
    method: str,
    patience: int | None = None,
    max_iterations: int = 100,
    tolerance: float = TOLERANCE,
    progress: Progress | None = None,
) -> Adaptation:
    """Adapt `start` until nothing moves by more than `tolerance`, or `max_iterations` updates are made.

    Parameters
    ----------
    observe: one pass over the calibration batch with given scalers.
    linear: the linear model's pass over the same batch.
    targets: moments to move toward, given a pass.
    patience: stop after so many updates that came not a tenth nearer to the targets, and return the scalers that were
        nearest (quantized levels can make a target unreachable, and the iteration walks around it). None: the published
        rule, go on, and return the last.
    progress: called after each pass with updates made, `max_iterations` and the loss.
    """
    passes = [(start, observe(start))]
    distances: list[float] = []
    diverged = False
    while True:
        scalers, seen = passes[-1]
        goal = targets(seen)
        distances.append(mismatch(seen.layers, goal))
        done = len(passes) - 1
        after, moved = update(scalers, seen.layers, goal, step_size(done), tolerance)
        if not moved or done == max_iterations or (patience is not None and _stalled(distances, patience)):
            break
        following = observe(after)
        diverged = not _finite(following)
        if diverged:
            break
        passes.append((after, following))
        if progress is not None:
            progress(done + 1, max_iterations, f"loss {following.loss:.3f}")
    kept = done if patience is None or not moved else int(np.argmin(distances))
    scalers, seen = passes[kept]
    return Adaptation(
        scalers=scalers,
        method=method,
        linear_loss=linear.loss,
        loss=tuple(observation.loss for _, observation in passes),
        kept=kept,
        iterations=done,
        converged=not moved,
        diverged=diverged,
        errors=tuple(_errors(now, target) for now, target in zip(seen.layers, linear.layers, strict=True)),
        frozen=_frozen(seen, linear),
        statistics=seen.layers,
    )


def _stalled(distances: Sequence[float], patience: int) -> bool:
    return len(distances) > patience and min(distances[-patience:]) > 0.9 * min(distances[:-patience])


def _finite(seen: Observation) -> bool:
    moments = [value for layer in seen.layers for value in layer.values()]
    return math.isfinite(seen.loss) and all(np.isfinite(m.mean).all() and np.isfinite(m.std).all() for m in moments)


def _errors(now: LayerMoments, goal: LayerMoments) -> LayerMoments:
    return {name: Target(now[name].mean - goal[name].mean, now[name].std - goal[name].std) for name in goal}


def _frozen(seen: Observation, linear: Observation) -> tuple[tuple[int, int], ...]:
    return tuple(
        (layer, int(head))
        for layer, (now, goal) in enumerate(zip(seen.layers, linear.layers, strict=True))
        for head in np.flatnonzero(constant(now["out"]) & (goal["out"].std > DEAD))
    )

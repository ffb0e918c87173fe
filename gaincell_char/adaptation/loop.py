"""The iteration around the update: observe, move every scaler of every layer, observe again, until nothing moves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gaincell_char.adaptation.moments import LayerMoments, Observation, Target, constant
from gaincell_char.adaptation.update import TOLERANCE, step_size, update
from gaincell_char.attention.observation import HeadStatistics
from gaincell_char.attention.scalers import Scalers

Observe = Callable[[Scalers], Observation]
Targets = Callable[[Observation], Sequence[LayerMoments]]
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Adaptation:
    """What an adaptation ended with.

    Attributes
    ----------
    scalers: of every layer, for the adapted cell.
    linear_loss: loss of the linear hardware model on the calibration batch, nats a token.
    loss: on the same batch, before the first update and after each: iterations + 1 values.
    kept: which of them `scalers` belong to: the last, or the lowest where `offset-aware` did not converge.
    iterations: updates made.
    converged: nothing moved any more.
    diverged: the last update gave numbers that are not finite; it was taken back, and the iteration ended there.
    errors: layer by layer, measured minus linear moments (mean, std) by name, at `scalers`.
    frozen: (layer, head) whose output is constant, so that its a could not be set.
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
    keep_best: bool,
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
    keep_best: where it does not converge, return the scalers of the pass with the lowest loss instead of the last
        (quantized levels can make a target unreachable, and the iteration walks around it).
    progress: called after each pass with updates made, `max_iterations` and the loss.
    """
    scalers, seen = start, observe(start)
    loss = [seen.loss]
    best = (scalers, seen, 0)
    converged = diverged = False
    while len(loss) <= max_iterations:
        after, moved = update(scalers, seen.layers, targets(seen), step_size(len(loss) - 1), tolerance)
        if not moved:
            converged, best = True, (scalers, seen, len(loss) - 1)
            break
        next_seen = observe(after)
        if not _finite(next_seen):
            diverged = True
            break
        scalers, seen = after, next_seen
        loss.append(seen.loss)
        if not keep_best or seen.loss < best[1].loss:
            best = (scalers, seen, len(loss) - 1)
        if progress is not None:
            progress(len(loss) - 1, max_iterations, f"loss {seen.loss:.3f}")
    kept_scalers, kept_seen, kept = best
    return Adaptation(
        scalers=kept_scalers,
        method=method,
        linear_loss=linear.loss,
        loss=tuple(loss),
        kept=kept,
        iterations=len(loss) - 1,
        converged=converged,
        diverged=diverged,
        errors=tuple(_errors(now, goal) for now, goal in zip(kept_seen.layers, linear.layers, strict=True)),
        frozen=_frozen(kept_seen),
        statistics=kept_seen.layers,
    )


def _finite(seen: Observation) -> bool:
    moments = [value for layer in seen.layers for value in layer.values()]
    return math.isfinite(seen.loss) and all(np.isfinite(m.mean).all() and np.isfinite(m.std).all() for m in moments)


def _errors(now: LayerMoments, goal: LayerMoments) -> LayerMoments:
    return {name: Target(now[name].mean - goal[name].mean, now[name].std - goal[name].std) for name in goal}


def _frozen(seen: Observation) -> tuple[tuple[int, int], ...]:
    return tuple(
        (layer, head)
        for layer, moments in enumerate(seen.layers)
        for head, frozen in enumerate(constant(moments["out"]))
        if frozen
    )

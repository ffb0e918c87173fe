"""From a linear hardware model to any behavioral model: new scalers, the weights as they are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gaincell_char.adaptation.loop import Adaptation, Observe, Progress, iterate
from gaincell_char.adaptation.moments import LayerMoments, Observation
from gaincell_char.adaptation.network import observer
from gaincell_char.adaptation.offset import OffsetAware
from gaincell_char.adaptation.update import TOLERANCE
from gaincell_char.attention.scalers import NAMES, Scalers
from gaincell_char.behavior import BehavioralModel, load_model
from gaincell_char.errors import InputError, unknown_name
from gaincell_char.gpt2 import GPT2

METHODS = ("paper", "offset-aware")

PATIENCE = 10
"""Updates without progress after which `offset-aware` stops."""


def adapt(
    lm: GPT2,
    trained: Scalers,
    model: BehavioralModel,
    calibration_ids: npt.NDArray[np.integer],
    *,
    method: str = "paper",
    linear: BehavioralModel | None = None,
    start: Scalers | None = None,
    window: int = 1024,
    quantize: bool = True,
    decay: bool | float = True,
    max_iterations: int = 100,
    tolerance: float = TOLERANCE,
    progress: Progress | None = None,
) -> Adaptation:
    """Scalers with which `lm` on cells of `model` has the statistics that it has on the linear cells it was trained on.

    All layers move at once, from statistics of one fixed batch (arXiv 2409.19315). `paper` starts from a = 1, b = 0 and
    ends where nothing moves. `offset-aware` starts from the trained scalers with the shift of the zero crossing added
    to b of k and v, and also matches the statistics of S (`adaptation.offset`).

    Parameters
    ----------
    trained: scalers that `lm` was trained with on `linear` cells (None: the published linear hardware model); one pass
        with them over the batch gives the targets.
    calibration_ids: (N, T) token ids, the same in every pass.
    start: scalers to start from instead (`offset-aware` adds the shift to them).
    window, quantize, decay: as in `AnalogAttention`, for both models.
    tolerance: a mean or deviation this close to its target is left alone.
    progress: called after each update with updates made, `max_iterations` and the loss in words.

    Raises
    ------
    InputError
        An unknown method, fewer than two tokens a sequence, no iterations, a tolerance that is no positive number;
        scalers that do not fit the network.
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    if calibration_ids.ndim != 2 or calibration_ids.shape[1] < 2:
        raise InputError(f"calibration ids have shape {calibration_ids.shape}; expected (N, T), T at least 2")
    if max_iterations < 1 or not 0 < tolerance < np.inf:
        raise InputError(f"max_iterations {max_iterations}, tolerance {tolerance}; expected at least 1, and above 0")
    linear = load_model("leroux2025_linear") if linear is None else linear

    def network(cells: BehavioralModel) -> Observe:
        return observer(lm, cells, calibration_ids, window=window, quantize=quantize, decay=decay)

    goal = network(linear)(trained)
    moved = OffsetAware(model, linear, lm.config.head_width)

    def targets(seen: Observation) -> list[LayerMoments]:
        return list(goal.layers) if method == "paper" else moved.targets(seen.layers, goal.layers)

    if method == "paper":
        first = identity(trained) if start is None else start
    else:
        first = moved.start(trained if start is None else start)
    return iterate(
        network(model),
        first,
        goal,
        targets,
        method=method,
        patience=None if method == "paper" else PATIENCE,
        max_iterations=max_iterations,
        tolerance=tolerance,
        progress=progress,
    )


def identity(like: Scalers) -> Scalers:
    """Scalers a = 1, b = 0 for as many layers and heads as `like` has: where the published curve starts."""
    return [{name: (np.ones_like(layer[name][0]), np.zeros_like(layer[name][1])) for name in NAMES} for layer in like]

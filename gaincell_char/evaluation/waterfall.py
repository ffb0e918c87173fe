"""The loss waterfall: from software attention to the circuit, one imperfection at a time, paired over the same text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.errors import InputError
from gaincell_char.evaluation.interval import Interval
from gaincell_char.evaluation.loss import Loss

SOFTWARE = "software"
NOT_YET_MEASURED = ("IR drop", "converters", "mismatch")
"""Steps whose circuits are not characterized: they are part of the picture, without a number."""


@dataclass(frozen=True)
class Step:
    """A hardware configuration: everything the steps before it have, and one imperfection more."""

    name: str
    model: BehavioralModel
    quantize: bool
    decay: bool


@dataclass(frozen=True)
class Increment:
    """One bar: the loss at a step and what the step added, nats a token; None where it is not measured."""

    name: str
    loss: float | None
    added: Interval | None


def hardware_steps(linear: BehavioralModel, cell: BehavioralModel) -> tuple[Step, ...]:
    """The configurations from ideal linear attention to `cell` with everything that its model knows.

    `linear` is the linear cell. The nonlinearity comes first with the zero crossing moved to where the linear cell has
    it (`centered`), so that the curve's shape and its offset are two bars.

    Raises
    ------
    InputError
        The cell's current has no zero crossing.
    """
    return (
        Step("linear attention", linear, quantize=False, decay=False),
        Step("quantizers", linear, quantize=True, decay=False),
        Step("nonlinearity", centered(cell, linear.cell.zero_crossing_V), quantize=True, decay=False),
        Step("zero-crossing offset", cell, quantize=True, decay=False),
        Step("leakage", cell, quantize=True, decay=True),
    )


def centered(model: BehavioralModel, zero_V: float) -> BehavioralModel:
    """`model` with its current's curve moved along the voltage so that it crosses zero at `zero_V`."""
    current = model.cell.current
    shift = zero_V - model.cell.zero_crossing_V
    if not math.isfinite(shift):
        raise InputError(
            f"model {model.name}: cell.current never crosses zero in {current.domain} V; nothing to center"
        )
    low, high = current.domain
    moved = current.model_copy(update={"center": current.center + shift, "domain": (low + shift, high + shift)})
    return model.model_copy(update={"cell": model.cell.model_copy(update={"current": moved})})


def waterfall(losses: Mapping[str, Loss]) -> tuple[Increment, ...]:
    """Bars in the order of `losses` (`SOFTWARE` first, then the steps' names), each paired with the one before it.

    The steps of `NOT_YET_MEASURED` that `losses` lacks follow without a number.
    """
    bars: list[Increment] = []
    before: Loss | None = None
    for name, loss in losses.items():
        bars.append(Increment(name, loss.mean, None if before is None else loss.minus(before)))
        before = loss
    return (*bars, *(Increment(name, None, None) for name in NOT_YET_MEASURED if name not in losses))

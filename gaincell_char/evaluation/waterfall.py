"""The loss waterfall: from software attention to the circuit, one imperfection at a time, paired over the same text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gaincell_char.attention import AnalogAttention, Scalers
from gaincell_char.attention.effects import measured_effects
from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.errors import InputError
from gaincell_char.evaluation.interval import Interval
from gaincell_char.evaluation.loss import Loss

SOFTWARE = "software"
CIRCUIT_STEPS = {
    "write error": ("write-error",),
    "read disturb": ("read-disturb",),
    "pulses": ("word-line", "pulse-charge"),
    "IR drop": ("ir-drop",),
    "converters": ("charge-to-pulse", "signed-charge-to-pulse", "pulse-counter"),
    "mismatch": ("mismatch",),
    "noise": ("noise",),
}
"""The steps from paper to circuit fidelity, and the effects of `attention.effects` that each adds."""

DRAWN_STEPS = ("mismatch", "noise")
"""Steps that are of one draw: mismatch of one virtual chip, noise of every conversion once."""


@dataclass(frozen=True)
class Step:
    """A hardware configuration: everything the steps before it have, and one imperfection more.

    `effects`: of circuit fidelity; None: paper fidelity.
    """

    name: str
    model: BehavioralModel
    quantize: bool
    decay: bool
    effects: tuple[str, ...] | None = None

    def attention(self, scalers: Scalers | None, window: int = 1024, seed: int = 0) -> AnalogAttention:
        """The attention of this configuration; `seed` of mismatch and noise."""
        return AnalogAttention(
            self.model,
            scalers,
            window=window,
            quantize=self.quantize,
            decay=self.decay,
            fidelity="paper" if self.effects is None else "circuit",
            effects=self.effects,
            seed=seed,
        )


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
        *circuit_steps(cell),
    )


def circuit_steps(cell: BehavioralModel) -> tuple[Step, ...]:
    """From paper fidelity with everything on to circuit fidelity: a step for each of `CIRCUIT_STEPS` that is measured.

    A step adds those of its effects that `cell` has figures for, to the effects of all steps before it.
    """
    measured, steps = measured_effects(cell), []
    chosen: tuple[str, ...] = ()
    for name, effects in CIRCUIT_STEPS.items():
        added = tuple(effect for effect in effects if effect in measured)
        if added:
            chosen = (*chosen, *added)
            steps.append(Step(name, cell, quantize=True, decay=True, effects=chosen))
    return tuple(steps)


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

    What the bars add sums to `total`, because each is the difference of two neighbors. The steps of `CIRCUIT_STEPS`
    that `losses` lacks follow without a number: their circuits are not characterized.
    """
    bars: list[Increment] = []
    before: Loss | None = None
    for name, loss in losses.items():
        bars.append(Increment(name, loss.mean, None if before is None else loss.minus(before)))
        before = loss
    return (*bars, *(Increment(name, None, None) for name in CIRCUIT_STEPS if name not in losses))


def total(losses: Mapping[str, Loss]) -> Interval:
    """What all steps add together: the last of `losses` minus the first, paired, nats a token.

    Raises
    ------
    ValueError
        Fewer than two losses.
    """
    first, *_, last = losses.values()
    return last.minus(first)

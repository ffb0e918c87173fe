"""What the model says of a case: the same function that the attention is held against, at two fidelities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.chain import INPUT_LEVELS
from gaincell_char.attention.effects import measured_effects
from gaincell_char.attention.trace import HeadOutput, trace_head
from gaincell_char.behavior import BehavioralModel, at_condition
from gaincell_char.behavior.schema import Condition
from gaincell_char.errors import InputError
from gaincell_char.technology import technology

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
NEEDED = ("pulse-charge", "charge-to-pulse", "signed-charge-to-pulse", "pulse-counter")
IN_THE_DECK = (*NEEDED, "word-line")
"""Effects that the decks have too. Their cells store exact levels at age 0, and their wires have no resistance."""


@dataclass(frozen=True)
class Levels:
    """Current of each stored level (8,) and full scales of the two products, all in unit currents."""

    currents: Array
    score_scale: float
    output_scale: float


def levels(model: BehavioralModel) -> Levels:
    """The stored levels of `model`'s cell."""
    volts = np.linspace(*model.cell.level_range_V, model.cell.n_levels)
    return Levels(
        np.asarray(model.cell.current(volts)) / model.cell.unit_current_A,
        model.charge_to_pulse.full_scale_units,
        model.signed_charge_to_pulse.full_scale_units,
    )


def at(model: BehavioralModel, condition: Condition) -> BehavioralModel:
    """`model` at `condition`, its stored levels in the same ratio to the supply.

    Raises
    ------
    InputError
        The model was not characterized there, or a part of the chain not at all.
    """
    here = at_condition(model, condition)
    measured = measured_effects(here)
    for effect in NEEDED:
        if effect not in measured:
            raise InputError(
                f"{model.name}: {effect} is not measured at {condition}; a head is compared with a model whose cell, "
                "converters and counter are characterized"
            )
    low, high = here.cell.level_range_V
    ratio = condition.vdd_V / technology(model.technology).vdd_V
    return here.model_copy(update={"cell": here.cell.model_copy(update={"level_range_V": (low * ratio, high * ratio)})})


def circuit(model: BehavioralModel, queries: IntArray, keys: IntArray, values: IntArray) -> HeadOutput:
    """`circuit` fidelity, of a model that `at` gave. Levels: `queries` (D,), `keys` (T, D), `values` (T,)."""
    effects = [effect for effect in measured_effects(model) if effect in IN_THE_DECK]
    return trace_head(model, queries, keys, values, effects=effects)


def paper(model: BehavioralModel, queries: IntArray, keys: IntArray, values: IntArray) -> HeadOutput:
    """`paper` fidelity: the published equations with the cell of `model`. Arguments as `circuit`'s."""
    return trace_head(model, queries, keys, values, effects=())


def input_widths_s(model: BehavioralModel) -> tuple[float, ...]:
    """Width at the cells of the input pulse of each level."""
    if model.word_line_driver is not None:
        return tuple(model.word_line_driver.widths_s)
    return tuple(level * model.charge_to_pulse.t_max_s / (INPUT_LEVELS - 1) for level in range(INPUT_LEVELS))

"""The same circuit at another corner, temperature or supply: what was measured there, as a model of its own."""

from __future__ import annotations

from collections.abc import Sequence

from gaincell_char.behavior.base import Condition
from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.errors import InputError


def at_condition(model: BehavioralModel, condition: Condition) -> BehavioralModel:
    """`model` with the cell's current and read pulse as they were measured at `condition`.

    Transfers and the counter's figures are looked up by the model's condition, so they follow. The unit current and the
    full scales are hardware and stay, and so do sections that hold at one condition only (retention, write, noise,
    mismatch, array). What is not characterized at all stays ideal.

    Raises
    ------
    InputError
        The cell's pulses, or a converter or counter that is characterized elsewhere, were not measured at `condition`.
    """
    if condition == model.condition:
        return model
    cell = model.cell
    charges = [*([] if cell.pulse_charge is None else [cell.pulse_charge]), *cell.pulse_charges]
    _require("cell.pulse_charges", condition, [charge.condition for charge in charges])
    for name in ("charge_to_pulse", "signed_charge_to_pulse"):
        transfers = getattr(model, name).transfers
        if transfers:
            _require(f"{name}.transfers", condition, [transfer.condition for transfer in transfers])
    if model.pulse_counter is not None:
        _require("pulse_counter.figures", condition, [figures.condition for figures in model.pulse_counter.figures])
    here = next(charge for charge in charges if charge.condition == condition)
    elsewhere = [charge for charge in charges if charge is not here]
    moved = cell.model_copy(
        update={"current": here.read_current, "pulse_charge": here, "pulse_charges": elsewhere},
    )
    return model.model_copy(update={"condition": condition, "cell": moved})


def _require(field: str, condition: Condition, measured: Sequence[Condition]) -> None:
    if condition not in measured:
        found = "; ".join(str(each) for each in measured) or "no condition"
        raise InputError(f"{field}: not measured at {condition}; measured at {found}")

"""What circuit fidelity adds to the published equations, effect by effect, and which of it a model has measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.errors import InputError, unknown_name

_MEASURED: dict[str, tuple[str, Callable[[BehavioralModel], bool]]] = {
    "write-error": (
        "write_driver or cell.write",
        lambda model: model.write_driver is not None or model.cell.write is not None,
    ),
    "read-disturb": ("cell.read_disturb", lambda model: model.cell.read_disturb is not None),
    "word-line": ("word_line_driver", lambda model: model.word_line_driver is not None),
    "pulse-charge": ("cell.pulse_charge", lambda model: model.cell.pulse_charge is not None),
    "ir-drop": ("array.current", lambda model: model.array is not None and model.array.current is not None),
    "charge-to-pulse": (
        "charge_to_pulse.transfers",
        lambda model: model.charge_to_pulse.transfer(model.condition) is not None,
    ),
    "signed-charge-to-pulse": (
        "signed_charge_to_pulse.transfers",
        lambda model: model.signed_charge_to_pulse.transfer(model.condition) is not None,
    ),
    "pulse-counter": (
        "pulse_counter.figures",
        lambda model: model.pulse_counter is not None and model.pulse_counter.at(model.condition) is not None,
    ),
    "mismatch": (
        "mismatch of the cell or of a converter",
        lambda model: any(
            part.mismatch is not None for part in (model.cell, model.charge_to_pulse, model.signed_charge_to_pulse)
        ),
    ),
    "noise": (
        "noise of a converter",
        lambda model: any(part.noise is not None for part in (model.charge_to_pulse, model.signed_charge_to_pulse)),
    ),
}

EFFECTS = tuple(_MEASURED)
"""Along the chain, then what differs from cell to cell and from read to read:

write-error             the level that the write driver leaves in the cell
read-disturb            the shift of the stored voltage by the reads since it was written, one a token
word-line               pulse widths of the input levels at the cells; what a buffer adds to a converter's pulse
pulse-charge            the charge of a pulse as measured, with what does not grow with its width
ir-drop                 resistance of bit lines and rails
charge-to-pulse         the ReLU converter's transfer: offset, dead zone, bends, clamp
signed-charge-to-pulse  the signed converter's transfer
pulse-counter           whole clock edges within the pulse, not the nearest count
mismatch                cells' currents, converters' offsets and gains; drawn once for a seed
noise                   converters' jitter and the counter's unknown phase; drawn for every conversion
"""


FIDELITIES = ("paper", "circuit")


def check_fidelity(fidelity: str, effects: Iterable[str] | None, quantize: bool, decay_dtype: str) -> None:
    """Raise `InputError` for an unknown fidelity, or options that it does not have."""
    if fidelity not in FIDELITIES:
        raise unknown_name("fidelity", fidelity, FIDELITIES)
    if fidelity == "paper":
        if effects is not None:
            raise InputError("effects: the published equations have none; use fidelity 'circuit'")
        return
    if not quantize:
        raise InputError("quantize: False, and the circuit's drivers and counter are discrete; use fidelity 'paper'")
    if decay_dtype != "float64":
        raise InputError(f"decay_dtype: {decay_dtype!r}; it is of the paper's training code, use fidelity 'paper'")


def measured_effects(model: BehavioralModel) -> tuple[str, ...]:
    """The effects that `model` has figures for, at its condition, in the order of `EFFECTS`."""
    return tuple(name for name, (_, has) in _MEASURED.items() if has(model))


def chosen_effects(model: BehavioralModel, effects: Iterable[str] | None) -> frozenset[str]:
    """`effects`, checked against `model`; None: all that it has measured.

    Raises
    ------
    InputError
        An unknown effect, one that the model has not measured, or None where it has measured none.
    """
    measured = measured_effects(model)
    if effects is None:
        if not measured:
            raise InputError(f"model {model.name}: no circuit of it is characterized; use fidelity 'paper'")
        return frozenset(measured)
    chosen = frozenset([effects] if isinstance(effects, str) else effects)
    for name in sorted(chosen):
        if name not in EFFECTS:
            raise unknown_name("effect", name, EFFECTS)
        if name not in measured:
            raise InputError(
                f"effect {name}: model {model.name} has no {_MEASURED[name][0]} at {model.condition}; "
                f"it has {', '.join(measured) or 'none of the effects'}"
            )
    return chosen

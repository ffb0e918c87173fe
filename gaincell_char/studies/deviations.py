"""Variants of a study that stray from one circuit: same text, same seeds, the scalers those adapted to the circuit.

So they tell what a chip costs that is not as its model says. Circuit fidelity with all that the model has measured, but
for the noise of conversions: its draws change with every code, and would blur differences.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gaincell_char.attention.effects import measured_effects
from gaincell_char.behavior import BehavioralModel, load_model
from gaincell_char.errors import InputError
from gaincell_char.studies.plan import Variant, slug

CIRCUIT = "cmos28"
NOISE = "noise"
NOMINAL = "nominal"
METHOD = "offset-aware"


def bundled_circuit() -> BehavioralModel:
    """The bundled circuit, with what attention computes with and nothing else: variants of it are small files."""
    model = load_model(CIRCUIT)
    cell = model.cell.model_copy(update={"iv": {}, "pulse_charges": [], "retention_tables": []})
    here = {
        name: getattr(model, name).model_copy(
            update={"transfers": [each for each in getattr(model, name).transfers if each.condition == model.condition]}
        )
        for name in ("charge_to_pulse", "signed_charge_to_pulse")
    }
    made = model.provenance.model_copy(update={"netlists": {}, "specs": {}, "datasets": {}})
    return model.model_copy(update={"cell": cell, "energy": None, "latency": None, "provenance": made, **here})


def circuit_effects(model: BehavioralModel, noise: bool = False) -> tuple[str, ...]:
    """The effects that deviations are measured with.

    Raises
    ------
    InputError
        No circuit of the model is characterized.
    """
    found = tuple(effect for effect in measured_effects(model) if noise or effect != NOISE)
    if not found:
        raise InputError(f"model {model.name}: no circuit of it is characterized, so there is nothing to vary")
    return found


def nominal(model: BehavioralModel, effects: tuple[str, ...] | None, name: str = NOMINAL, seed: int = 0) -> Variant:
    """`model` itself, with the scalers adapted to it. One that is not called `NOMINAL` takes the scalers of that."""
    return Variant(name, {}, model, METHOD, effects=effects, seed=seed, recall=False, against=None,
                   scalers_of=None if name == NOMINAL else NOMINAL)  # fmt: skip


def deviation(
    name: str,
    labels: Mapping[str, Any],
    model: BehavioralModel,
    effects: tuple[str, ...] | None,
    *,
    against: str = NOMINAL,
    seed: int = 0,
) -> Variant:
    """`model` with the scalers of `NOMINAL`, its loss compared with that of the variant `against`."""
    named = model.model_copy(update={"name": slug(name)})
    return Variant(name, labels, named, METHOD, effects=effects, seed=seed, recall=False, against=against,
                   scalers_of=NOMINAL)  # fmt: skip

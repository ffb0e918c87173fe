"""What an optimization found, as JSON values and one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np

from gaincell_char.behavior.quantities import quantities
from gaincell_char.circuits.testbench import parameters as known_parameters
from gaincell_char.evaluation import Loss
from gaincell_char.optimize.front import dominated
from gaincell_char.optimize.search import NOMINAL, Found, Predicted, Request, Round, Simulated
from gaincell_char.units import format_si

EXCLUDES = (
    "mismatch, noise and converters' errors in the loss: the paper's equations, with measured current and retention",
    "digital adder, routing and DACs in the energy (published 4.33 nJ a head, the same for every cell)",
    "write word lines in the energy, so that a deeper hold costs nothing but junction leakage",
)


def result(request: Request, found: Found) -> dict[str, Any]:
    """The front with predictions and simulations, the default cell, the model's stated errors, what was left out."""
    last = found.rounds[-1]
    front = [_point(last, point, found) for point in last.front]
    default = _simulated(found.default, found)
    answer: dict[str, Any] = {
        "budget_nats": request.budget,
        "converters": "scaled" if request.scaled else "frozen",
        "nominal": NOMINAL,
        "bounds": {bound.name: [bound.low, bound.high] for bound in request.space.bounds},
        "seed": request.seed,
        "sequences": request.sizes.sequences,
        "linear_hardware_nats": found.linear.mean,
        "default": default,
        "front": front,
        "model": {
            "energy_error_relative": last.error.energy,
            "energy_error_relative_rms": last.error.energy_rms,
            "loss_error_nats": last.error.added,
            "loss_error_nats_rms": last.error.added_rms,
            "left_out_one_by_one": last.error.designs,
            "meaning": "largest leave-one-out error from the sizes alone; of the loss, up to twice the budget",
        },
        "rounds": [_round(each, found.linear) for each in found.rounds],
        "sample": [_simulated(each, found) for each in found.sample if each.loss is not None],
        "excluded": [
            {"parameters": dict(each.design.parameters), "reason": each.reason} for each in found.sample if each.reason
        ],
        "not_in_it": list(EXCLUDES),
    }
    answer["best"] = best(found)
    answer["sentence"] = _sentence(answer)
    return answer


def best(found: Found) -> dict[str, Any] | None:
    """The cheapest confirmed point of the front that loses no more than the default cell, and what it saves; None where
    there is none. The loss is compared on the same tokens, with its 95 % interval."""
    last, default = found.rounds[-1], found.default
    if default.loss is None:
        return None
    able = []
    for point in last.front:
        here = point.simulated
        if here.loss is None or here.energy_J >= default.energy_J or not last.confirmed(point, found.linear):
            continue
        over = here.loss.minus(default.loss)
        if over.mean <= 0:
            able.append((here, over))
    if not able:
        return None
    here, over = min(able, key=lambda each: each[0].energy_J)
    return {
        "parameters": dict(here.design.parameters),
        "energy_J": here.energy_J,
        "saved": 1 - here.energy_J / default.energy_J,
        "loss_over_default": over.mean,
        "interval": [over.low, over.high],
    }


def _point(on: Round, point: Predicted, found: Found) -> dict[str, Any]:
    here = point.simulated
    row: dict[str, Any] = {
        **_simulated(here, found),
        "predicted": {"energy_J": point.energy_J, "added": point.added},
        "deviation": None,
        "confirmed": on.confirmed(point, found.linear),
        "dominated": False,
    }
    if here.loss is not None:
        row["deviation"] = {
            "energy_relative": here.energy_J / point.energy_J - 1,
            "added": here.loss.minus(found.linear).mean - point.added,
        }
        known = [each.simulated for each in on.front if each.simulated.loss is not None]
        energy = np.array([each.energy_J for each in known])
        added = np.array([_added(each.loss, found.linear) for each in known])
        row["dominated"] = bool(dominated(energy, added)[[each is here for each in known].index(True)])
    return row


def _simulated(here: Simulated, found: Found) -> dict[str, Any]:
    row: dict[str, Any] = {"parameters": dict(here.design.parameters), "reason": here.reason, "added": None}
    if here.model is not None and here.features is not None:
        figures = quantities(here.model)
        row |= {
            "energy_J": here.energy_J,
            "gain": float(np.exp(here.features["log_gain"])),
            "zero_crossing_V": here.model.cell.zero_crossing_V,
            "tau_s": figures["tau_s"].value if "tau_s" in figures else None,
            "features": dict(here.features),
            "lines": {line.name: line.energy_J for line in here.lines},
        }
    if here.loss is not None:
        over = here.loss.minus(found.linear)
        row |= {
            "loss": here.loss.mean,
            "added": over.mean,
            "interval": [over.low, over.high],
            "recall": dict(here.recall),
        }
        if found.default.loss is not None:
            row["over_default"] = here.loss.minus(found.default.loss).mean
    return row


def _round(each: Round, linear: Loss) -> dict[str, Any]:
    return {
        "points": len(each.front),
        "confirmed": sum(each.confirmed(point, linear) for point in each.front),
        "energy_error_relative": each.error.energy,
        "loss_error_nats": each.error.added,
    }


def _added(loss: Loss | None, linear: Loss) -> float:
    assert loss is not None  # the caller has left out what was not evaluated
    return loss.minus(linear).mean


def _sentence(answer: dict[str, Any]) -> str:
    front, default, saving = answer["front"], answer["default"], answer["best"]
    confirmed = sum(row["confirmed"] for row in front)
    told = (
        f"{confirmed} of {len(front)} points of the front are within the model's stated error "
        f"({100 * answer['model']['energy_error_relative']:.2g} % in energy, "
        f"{answer['model']['loss_error_nats']:.3f} nats)"
    )
    if saving is None:
        return f"{told}; none of them spends less than the default cell at its loss."
    named = ", ".join(
        f"{name.removeprefix('gain_cell.')} {format_si(saving['parameters'][name], _unit(name), 3)}"
        for name in answer["bounds"]
    )
    return (
        f"{told}; {named} takes {format_si(saving['energy_J'], 'J')} a token and head, {100 * saving['saved']:.1f} % "
        f"less than the default cell ({format_si(default['energy_J'], 'J')}), and loses "
        f"{saving['loss_over_default']:+.3f} nats against it."
    )


def _unit(name: str) -> str:
    return next(each.unit for each in known_parameters("gain_cell") if each.name == name)

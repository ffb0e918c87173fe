"""The page of a run of the loop, from its result, its models and its datasets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

from gaincell_char.behavior.schema import Corner
from gaincell_char.fit.points import iv_points, pulse_points
from gaincell_char.report import cell_figures, circuit_figures, network_figures
from gaincell_char.report.page import draw, render

if TYPE_CHECKING:
    from gaincell_char.behavior import BehavioralModel
    from gaincell_char.sweep.dataset import Dataset

CURVES = (
    "software-control",
    "linear",
    "published.before",
    "published.paper",
    "published.offset-aware",
    "cell.before",
    "cell.paper",
    "cell.offset-aware",
    "changed.paper",
    "changed.offset-aware",
    "retrimmed.offset-aware",
)


def build(
    result: Mapping[str, Any],
    model: BehavioralModel,
    published: BehavioralModel,
    iv: Dataset,
    pulse: Dataset,
    chain: BehavioralModel | None = None,
) -> str:
    """The HTML page. `model` is the cell that the page describes, `iv` and `pulse` the datasets it was fitted to,
    `chain` the same cell with all circuits around it, where there is one."""
    rows = result["configurations"]
    labels = {name: row["label"] for name, row in rows.items()}
    curves = {name: rows[name]["recall"] for name in CURVES if name in rows}
    adaptation = {name: done["loss_nats"] for name, done in result["adaptation"].items()}
    linear = next(iter(result["adaptation"].values()))["linear_loss_nats"]
    nominal = model.cell.iv[model.condition.corner]
    builders = {
        "waterfall": partial(network_figures.waterfall, result["waterfall"]),
        "recall": partial(network_figures.recall, curves, labels),
        "adaptation": partial(network_figures.adaptation, adaptation, linear, labels),
        "current": partial(cell_figures.current, model, published),
        "residuals": partial(cell_figures.residuals, nominal, iv_points(iv, nominal.condition)),
    }
    cell = model.cell
    if cell.pulse_charge is not None:
        points = pulse_points(pulse, cell.pulse_charge.condition)
        builders["charge"] = partial(cell_figures.charge, cell.pulse_charge, points)
    if cell.write is not None:
        builders["write"] = partial(cell_figures.write, cell.write)
    if cell.retention is not None:
        builders["retention"] = partial(cell_figures.retention, cell.retention_tables, cell.retention.token_period_s)
    if chain is not None:
        builders |= figures_of_circuits(chain)
    return render({**result, **_texts(model, result), "circuits": circuits_of(chain)}, draw(builders))


def figures_of_circuits(chain: BehavioralModel) -> dict[str, Any]:
    """A builder for each figure of the circuits that `chain` has."""
    builders: dict[str, Any] = {}
    if chain.charge_to_pulse.transfers and chain.signed_charge_to_pulse.transfers:
        builders["transfers"] = partial(circuit_figures.transfers, chain)
    if chain.energy is not None:
        builders["energy"] = partial(circuit_figures.energy, chain.energy)
    if chain.latency is not None:
        builders["latency"] = partial(circuit_figures.latency, chain.latency)
    return builders


def circuits_of(chain: BehavioralModel | None) -> dict[str, Any] | None:
    """What the page says of the circuits in tables and captions."""
    if chain is None:
        return None
    return {
        "condition": cell_figures.condition_text(chain.condition),
        "converters": circuit_figures.converter_rows(chain),
        "excluded": chain.energy.excluded if chain.energy else [],
        "overlapped": chain.latency.overlapped if chain.latency else [],
    }


def _texts(model: BehavioralModel, result: Mapping[str, Any]) -> dict[str, Any]:
    pulse = model.cell.pulse_charge
    linear = "" if pulse is None else f"{1e18 * pulse.linearity_error_C:.2g} aC"
    return {
        "cell_condition": f"{model.condition.temperature_C:g} C, {model.condition.vdd_V:g} V",
        "corners": [_corner(model, corner) for corner in get_args(Corner) if corner in model.cell.iv],
        "retention": cell_figures.tau_summary(model.cell.retention_tables),
        "waterfall_note": "Each step adds one imperfection to all before it, on the same text; lines are the 95 % "
        "interval of the step itself, gray where it holds zero. Scalers are adapted (offset-aware) to the step's cell.",
        "adaptation_note": f"Loss on the calibration batch ({result['text']['calibration_sequences']} x "
        f"{result['text']['length']} tokens that are not held out) after each pass. The published method starts from "
        "a = 1, b = 0; offset-aware from the trained scalers.",
        "charge_note": f"Charge of one read pulse is a line in its width to {linear}; its slope is the read current, "
        "which the kick on the storage node makes differ from the direct current.",
    }


def _corner(model: BehavioralModel, corner: Corner) -> dict[str, Any]:
    surface = model.cell.iv[corner]
    low, high = model.cell.level_range_V
    hold = surface.condition.vdd_V / 2
    spline, polynomial = surface.surface_error, surface.polynomial_error
    degree = surface.polynomial.degree
    return {
        "corner": corner,
        "current_low_A": float(surface.surface(low, hold)),
        "current_high_A": float(surface.surface(high, hold)),
        "zero_crossing_V": surface.zero_crossing_V,
        "slope_A_per_V": surface.slope_A_per_V,
        **surface.linear_range.model_dump(),
        "spline_error": f"{100 * spline.rms_relative:.3f} / {100 * spline.maximum_relative:.3f} %" if spline else "",
        "polynomial_error": f"{degree}, {100 * polynomial.maximum_relative:.2f} %" if polynomial else "",
    }

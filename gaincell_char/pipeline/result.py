"""What the loop found, as one JSON value: for `--json`, the terminal and the report."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gaincell_char.pipeline import work
from gaincell_char.pipeline.loop import LABELS, WATERFALL, Request, configurations
from gaincell_char.pipeline.network import CIRCUIT_SEED
from gaincell_char.pipeline.sentence import change_sentence, loop_sentence
from gaincell_char.version import __version__

if TYPE_CHECKING:
    from gaincell_char.behavior import BehavioralModel
    from gaincell_char.pipeline.stages import Stage, StageResult

CONTROL = "software-control"


def summarize(request: Request, stages: Sequence[Stage], results: Mapping[str, StageResult]) -> dict[str, Any]:
    """The result of the loop: every configuration's loss and recall, the cell, the change, the stages.

    Nothing in it depends on when or how fast it ran, except the stages' `wall_s`, `cpu_s` (as they were made), `ran`.
    """
    products = {name: result.artifact.content for name, result in results.items()}
    models = {name: _model(products[name]) for name in ("fit", "fit@changed", "fit@retrimmed") if name in products}
    rows = _configurations(configurations(stages), products)
    cells = {name: cell_figures(model) for name, model in models.items()}
    text = _text(results)
    bars, whole = _waterfall(stages, products)
    result: dict[str, Any] = {
        "title": "From a transistor to a perplexity",
        "tool": {
            "version": __version__,
            "python": platform.python_version(),
            "ngspice": models["fit"].provenance.ngspice,
        },
        "condition": _condition(models["fit"]),
        "parameters": dict(request.parameters),
        "text": text,
        "configurations": rows,
        "waterfall": bars,
        "waterfall_total": whole,
        "adaptation": {
            name.removeprefix("adapt."): work.summary_of(products[name])
            for name in products
            if name.startswith("adapt.") and "waterfall" not in name
        },
        "cell": cells["fit"],
        "changed": cells.get("fit@changed"),
        "stages": [stage_row(results[stage.name]) for stage in stages],
    }
    result["sentence"] = change_sentence(result) if request.parameters else loop_sentence(result)
    return result


def stage_row(result: StageResult) -> dict[str, Any]:
    """A stage in the result: its key, whether it ran now, and what it took when it was made."""
    made = result.artifact
    return {"name": result.name, "key": made.key, "ran": result.ran, "wall_s": round(made.wall_s, 2),
            "cpu_s": round(made.cpu_s, 2)}  # fmt: skip


def cell_figures(model: BehavioralModel) -> dict[str, Any]:
    """What a designer reads of a cell: zero crossing, slope, currents, retention; each with its condition."""
    from gaincell_char.fit.summary import summary

    cell = model.cell
    low, high = cell.level_range_V
    iv = cell.iv[model.condition.corner]
    hold = model.condition.vdd_V / 2
    retention = cell.retention
    return {
        "parameters": model.parameters,
        "condition": _condition(model),
        "zero_crossing_V": cell.zero_crossing_V,
        "slope_A_per_V": summary(model)["slope_units_per_V"] * cell.unit_current_A,
        "slope_units_per_V": summary(model)["slope_units_per_V"],
        "unit_current_A": cell.unit_current_A,
        "charge_to_pulse_full_scale_C": model.charge_to_pulse.full_scale_C,
        "current_low_A": float(iv.surface(low, hold)),
        "current_high_A": float(iv.surface(high, hold)),
        "read_current_low_A": float(cell.current(low)),
        "read_current_high_A": float(cell.current(high)),
        "retention": summary(model)["retention"],
        "hold": _hold(model),
        "token_period_s": None if retention is None else retention.token_period_s,
        "fit": summary(model),
    }


def _hold(model: BehavioralModel) -> dict[str, Any] | None:
    """The retention figures at the hold voltages that the model's law was fitted at."""
    tables = model.cell.retention_tables
    law = model.cell.retention
    if not tables or law is None:  # the fits refuse a law without the table of the design's own hold
        return None
    design = tuple(model.parameters[f"gain_cell.{line}_hold_V"] for line in ("wwl", "wwlb"))
    best = next(t for t in tables if t.condition == model.condition and (t.wwl_V, t.wwlb_V) == design)
    return {
        "wwl_V": best.wwl_V,
        "wwlb_V": best.wwlb_V,
        "tau_s": best.tau_worst_s,
        "bound": best.tau_worst_is_lower_bound,
    }


def _configurations(stages: Mapping[str, str], products: Mapping[str, bytes]) -> dict[str, Any]:
    from gaincell_char.evaluation import Loss

    losses = {name: Loss(work.nats_of(products[stage])) for name, stage in stages.items()}
    rows = {}
    for name, loss in losses.items():
        over = loss.minus(losses[CONTROL]) if name not in ("software", CONTROL) else None
        rows[name] = {
            "label": LABELS[name],
            "loss": loss.mean,
            "perplexity": loss.perplexity,
            "difference": over.mean if over else None,
            "interval": [over.low, over.high] if over else None,
            "recall": work.recall_of(products[stages[name]]),
        }
    return rows


def _waterfall(stages: Sequence[Stage], products: Mapping[str, bytes]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The bars, and all measured steps together: their sum, and the last against the first on the same tokens."""
    from gaincell_char.evaluation import Loss, waterfall
    from gaincell_char.evaluation.waterfall import DRAWN_STEPS, total

    losses = {name: Loss(work.nats_of(products[f"evaluate.{stage}"])) for name, stage in _bars(stages).items()}
    bars = [
        {"label": bar.name, "loss": bar.loss, "added": bar.added.mean if bar.added else None,
         "interval": [bar.added.low, bar.added.high] if bar.added else None,
         "seed": CIRCUIT_SEED if bar.name in DRAWN_STEPS and bar.added else None}
        for bar in waterfall(losses)
    ]  # fmt: skip
    whole, (sequences, predicted) = total(losses), next(iter(losses.values())).nats.shape
    return bars, {
        "sum": sum(bar["added"] for bar in bars if bar["added"] is not None),
        "added": whole.mean,
        "interval": [whole.low, whole.high],
        "sequences": sequences,
        "tokens": sequences * predicted,
    }


def _bars(stages: Sequence[Stage]) -> dict[str, str]:
    """Step of the waterfall -> configuration that was evaluated for it."""
    from gaincell_char.evaluation.waterfall import CIRCUIT_STEPS

    paper = (CONTROL, "waterfall.linear", "waterfall.quantizers", "waterfall.nonlinearity", "waterfall.offset",
             "cell.offset-aware")  # fmt: skip
    bars = dict(zip(WATERFALL, paper, strict=True))
    evaluated = {stage.name.removeprefix("evaluate."): stage for stage in stages if stage.name.startswith("evaluate.")}
    for step, effects in CIRCUIT_STEPS.items():
        if f"waterfall.{step}" in evaluated:
            bars[step] = f"waterfall.{step}"
        elif "cell.circuit" in evaluated and evaluated["cell.circuit"].inputs["effects"][-1] in effects:
            bars[step] = "cell.circuit"
    return bars


def _text(results: Mapping[str, StageResult]) -> dict[str, Any]:
    from safetensors.numpy import load

    tables = load(results["corpus"].artifact.content)
    sequences, length = tables["held_out"].shape
    asked = tables["recall.distance"]
    distances = sorted({int(d) for d in asked.flat})
    each = int((asked == distances[0]).sum())
    return {
        "sequences": sequences,
        "length": length,
        "distances": distances,
        "answers_per_distance": each,
        "calibration_sequences": len(tables["calibration"]),
        "description": f"{sequences} sequences of {length} tokens of held-out code (the standard library of Python "
        f"{platform.python_version()}); recall over {each} answers a distance.",
    }


def _condition(model: BehavioralModel) -> str:
    c = model.condition
    return f"{c.corner}, {c.temperature_C:g} C, {c.vdd_V:g} V"


def _model(content: bytes) -> BehavioralModel:
    from gaincell_char.behavior.store import read_model

    return read_model(content.decode(), "fit")

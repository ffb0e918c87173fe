"""A study as stages of the loop's kind: what was measured is kept by key, an interrupted study goes on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gaincell_char import keys
from gaincell_char.behavior import BehavioralModel
from gaincell_char.behavior.store import model_text
from gaincell_char.pipeline import work
from gaincell_char.pipeline.network import LINEAR
from gaincell_char.pipeline.stages import Stage
from gaincell_char.pipeline.work import VERSION
from gaincell_char.studies import changed_work
from gaincell_char.studies.change import Change

AS_TRAINED = "as trained"


@dataclass(frozen=True)
class Variant:
    """A configuration of a study: the network on cells of `model`.

    Attributes
    ----------
    name: unique in its study.
    labels: what distinguishes it, for tables and figures (`{"family": "power", "tau_s": 5e-3}`).
    adaptation: "paper", "offset-aware", or `AS_TRAINED`, the scalers that came with the weights.
    window: tokens a query sees, itself included.
    against: the name of the variant, before it in the study, that its loss is compared with; None: linear hardware.
    effects, seed: of circuit fidelity; None: paper fidelity.
    change: what of the chain is not as built, at paper fidelity.
    scalers_of: the name of a variant before it whose adapted scalers it takes; then `adaptation` is that one's.
    recall: whether recall is measured too.
    weights: of the network, as `load_gpt2` takes them.
    """

    name: str
    labels: Mapping[str, Any]
    model: BehavioralModel
    adaptation: str = AS_TRAINED
    window: int = 1024
    against: str | None = None
    effects: tuple[str, ...] | None = None
    seed: int = 0
    change: Change | None = None
    scalers_of: str | None = None
    recall: bool = True
    weights: str = LINEAR

    @property
    def stage(self) -> str:
        """Name of the stage that evaluates it."""
        return f"evaluate.{slug(self.name)}"

    @property
    def adaptation_stage(self) -> str | None:
        """Name of the stage that adapts the scalers to it; None where those that came with the weights are used."""
        return None if self.adaptation == AS_TRAINED else f"adapt.{slug(self.scalers_of or self.name)}"


def stages(variants: Sequence[Variant], corpus: Stage, weights_digest: str, iterations: int) -> list[Stage]:
    """For each variant: its model, its adaptation where it has one, and its evaluation, in an order that can run."""
    made: dict[str, Stage] = {corpus.name: corpus}
    digests = {LINEAR: weights_digest}
    for variant in variants:
        text = model_text(variant.model)
        model = f"model.{slug(variant.model.name)}"
        if made.setdefault(model, Stage(model, write_model, VERSION, {"text": text})).inputs["text"] != text:
            raise ValueError(f"two models of one study are called {variant.model.name!r}")
        if variant.weights not in digests:
            digests[variant.weights] = work.check_weights(variant.weights)
        network = {"weights": variant.weights, "weights_digest": digests[variant.weights]}
        common = {**network, "model": {"stage": model}, "quantize": True, "decay": True, "window": variant.window}
        scalers = variant.adaptation_stage
        if scalers is not None and variant.scalers_of is None:
            inputs = {**common, "method": variant.adaptation, "iterations": iterations}
            made[scalers] = Stage(scalers, work.adapt_scalers, VERSION, inputs, (corpus.name, model))
        needs = (corpus.name, model, *((scalers,) if scalers else ()))
        made[variant.stage] = _evaluation(variant, {**common, "scalers": scalers, "recall": variant.recall}, needs)
    return list(made.values())


def _evaluation(variant: Variant, common: Mapping[str, Any], needs: tuple[str, ...]) -> Stage:
    if variant.change is not None:
        inputs = {**common, "change": asdict(variant.change), "work": VERSION}
        return Stage(variant.stage, changed_work.evaluate, changed_work.VERSION, inputs, needs)
    effects = None if variant.effects is None else list(variant.effects)
    inputs = {**common, "effects": effects, "seed": variant.seed}
    return Stage(variant.stage, work.evaluate, VERSION, inputs, needs)


def plan_keys(stages: Sequence[Stage]) -> dict[str, str]:
    """Of each stage by name, a key of all that its product depends on, known before anything runs."""
    found: dict[str, str] = {}
    for stage in stages:
        needs = {need: found[need] for need in stage.needs}
        # names and places of stages are the study's own affair: what they hold is in the keys
        found[stage.name] = keys.key({"version": stage.version, "inputs": stage.inputs, "needs": needs})
    return found


def needed_stages(stages: Sequence[Stage], wanted: Sequence[str]) -> list[Stage]:
    """Those of `stages`, in their order, that the stages called `wanted` come from."""
    needs = {stage.name: stage.needs for stage in stages}
    left, found = list(wanted), set[str]()
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += needs[name]
    return [stage for stage in stages if stage.name in found]


def slug(name: str) -> str:
    """`name` as part of a file's: `y + y^2 / 5` is `y+y-2-5`."""
    return re.sub(r"[^a-z0-9.+-]+", "-", re.sub(r"\s*([+])\s*", r"\1", name.lower())).strip("-")


def write_model(inputs: work.Inputs, products: work.Products) -> bytes:
    """The model that the inputs hold, as the product that other stages read."""
    text: str = inputs["text"]
    return text.encode()

"""A study as stages of the loop's kind: what was measured is kept by key, an interrupted study goes on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gaincell_char.behavior import BehavioralModel
from gaincell_char.behavior.store import model_text
from gaincell_char.pipeline import work
from gaincell_char.pipeline.network import LINEAR
from gaincell_char.pipeline.stages import Stage
from gaincell_char.pipeline.work import VERSION

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
    """

    name: str
    labels: Mapping[str, Any]
    model: BehavioralModel
    adaptation: str = AS_TRAINED
    window: int = 1024

    @property
    def stage(self) -> str:
        """Name of the stage that evaluates it."""
        return f"evaluate.{slug(self.name)}"

    @property
    def adaptation_stage(self) -> str | None:
        """Name of the stage that adapts the scalers to it; None where those that came with the weights are used."""
        return None if self.adaptation == AS_TRAINED else f"adapt.{slug(self.name)}"


def stages(variants: Sequence[Variant], corpus: Stage, weights_digest: str, iterations: int) -> list[Stage]:
    """For each variant: its model, its adaptation where it has one, and its evaluation, in an order that can run."""
    made: dict[str, Stage] = {corpus.name: corpus}
    network = {"weights": LINEAR, "weights_digest": weights_digest}
    for variant in variants:
        text = model_text(variant.model)
        model = f"model.{slug(variant.model.name)}"
        if made.setdefault(model, Stage(model, write_model, VERSION, {"text": text})).inputs["text"] != text:
            raise ValueError(f"two models of one study are called {variant.model.name!r}")
        common = {**network, "model": {"stage": model}, "quantize": True, "decay": True, "window": variant.window}
        scalers = variant.adaptation_stage
        if scalers is not None:
            inputs = {**common, "method": variant.adaptation, "iterations": iterations}
            made[scalers] = Stage(scalers, work.adapt_scalers, VERSION, inputs, (corpus.name, model))
        inputs = {**common, "scalers": scalers, "recall": True, "effects": None, "seed": 0}
        needs = (corpus.name, model, *((scalers,) if scalers else ()))
        made[variant.stage] = Stage(variant.stage, work.evaluate, VERSION, inputs, needs)
    return list(made.values())


def slug(name: str) -> str:
    """`name` as part of a file's: `y + y^2 / 5` is `y+y-2-5`."""
    return re.sub(r"[^a-z0-9.+-]+", "-", re.sub(r"\s*([+])\s*", r"\1", name.lower())).strip("-")


def write_model(inputs: work.Inputs, products: work.Products) -> bytes:
    """The model that the inputs hold, as the product that other stages read."""
    text: str = inputs["text"]
    return text.encode()

"""The loop's stages of the model branch: texts, adaptations and evaluations of the embedded network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gaincell_char import keys
from gaincell_char.pipeline import work
from gaincell_char.pipeline.stages import Stage
from gaincell_char.pipeline.work import VERSION

LINEAR = "embedded/linear-hardware"
LINEAR_ZERO_V = 0.45
CHAIN = "chain"
DEFAULT, CHANGED = "", "@changed"
METHODS = ("paper", "offset-aware")
CIRCUIT_SEED = 0
"""The virtual chip, and the noise of its conversions, that circuit fidelity is evaluated on."""


@dataclass(frozen=True)
class Sizes:
    """How much text everything is measured on; the defaults are what is reported."""

    sequences: int = 32
    length: int = 1024
    recall_programs: int = 12
    calibration_sequences: int = 1
    iterations: int = 100


def corpus_stage(weights_digest: str, sizes: Sizes) -> Stage:
    """The texts that a network of `LINEAR` is measured on."""
    from gaincell_char.adaptation.calibration import MODULES
    from gaincell_char.corpus.code import held_out_sources, library_root, python_read
    from gaincell_char.evaluation import DISTANCES

    texts = [source.sha256 for source in held_out_sources()]
    texts += [keys.file_digest(library_root() / f"{module}.py") for module in MODULES]
    inputs = {
        "weights": LINEAR,
        "weights_digest": weights_digest,
        "python": python_read(),
        "texts": texts,
        "sequences": sizes.sequences,
        "length": sizes.length,
        "calibration_sequences": sizes.calibration_sequences,
        "distances": list(DISTANCES),
        "recall_programs": sizes.recall_programs,
        "seed": 0,
    }
    return Stage("corpus", work.corpus, VERSION, inputs)


class Network:
    """Stages of the model branch: which network runs on which cell with which scalers."""

    def __init__(self, weights: Mapping[str, str], sizes: Sizes) -> None:
        self.weights = weights
        self.sizes = sizes

    def corpus(self) -> Stage:
        return corpus_stage(self.weights[LINEAR], self.sizes)

    def references(self) -> list[Stage]:
        """Software, the linear hardware model, the published cell."""
        return [
            self._software("embedded/software", "software"),
            self._software("embedded/software-control", "software-control"),
            self._evaluate("linear", {"bundled": "leroux2025_linear"}, None),
            *self.cell("published", {"bundled": "leroux2025"}),
        ]

    def cell(self, name: str, model: Mapping[str, Any]) -> list[Stage]:
        """A cell before adaptation and after both methods."""
        stages = [self._evaluate(f"{name}.before", model, None)]
        for method in METHODS:
            stages.append(self._adapt(f"{name}.{method}", model, method))
            stages.append(self._evaluate(f"{name}.{method}", model, f"adapt.{name}.{method}"))
        return stages

    def waterfall(self) -> list[Stage]:
        """The steps between software and our cell that are no configuration of their own; each cell is adapted to."""
        linear = {"bundled": "leroux2025_linear"}
        cell, centered = {"stage": "fit"}, {"stage": "fit", "centered_V": LINEAR_ZERO_V}
        adapted = "adapt.waterfall.centered"

        def step(name: str, model: Mapping[str, Any], scalers: str | None, quantize: bool = True) -> Stage:
            return self._evaluate(f"waterfall.{name}", model, scalers, quantize=quantize, decay=False, recall=False)

        return [
            step("linear", linear, None, quantize=False),
            step("quantizers", linear, None),
            self._adapt("waterfall.centered", centered, "offset-aware", decay=False),
            step("nonlinearity", centered, adapted),
            step("offset", cell, "adapt.cell.offset-aware"),
        ]

    def circuit(self, effects: Mapping[str, Sequence[str]]) -> list[Stage]:
        """The steps from paper to circuit fidelity, name -> effects of it and of all before it, and the whole."""
        if not effects:
            return []
        *steps, (_, every) = effects.items()
        stages = [self._through(f"waterfall.{name}", CHAIN, chosen, recall=False) for name, chosen in steps]
        return [*stages, self._through("cell.circuit", CHAIN, every)]

    def changed_circuit(self, effects: Sequence[str]) -> Stage:
        """The changed cell with its circuits."""
        return self._through("changed.circuit", f"{CHAIN}{CHANGED}", effects)

    def _through(self, name: str, stage: str, effects: Sequence[str], recall: bool = True) -> Stage:
        scalers = f"adapt.{'changed' if stage.endswith(CHANGED) else 'cell'}.offset-aware"
        return self._evaluate(name, {"stage": stage}, scalers, recall=recall, effects=effects)

    def _software(self, weights: str, name: str) -> Stage:
        return self._evaluate(name, None, None, weights=weights)

    def _evaluate(
        self,
        name: str,
        model: Mapping[str, Any] | None,
        scalers: str | None,
        *,
        weights: str = LINEAR,
        quantize: bool = True,
        decay: bool = True,
        recall: bool = True,
        effects: Sequence[str] | None = None,
    ) -> Stage:
        inputs = {
            **self._analog(weights, model),
            "scalers": scalers,
            "quantize": quantize,
            "decay": decay,
            "recall": recall,
            "effects": effects,
            "seed": CIRCUIT_SEED,
        }
        needs = ("corpus", *_of(model), *((scalers,) if scalers else ()))
        return Stage(f"evaluate.{name}", work.evaluate, VERSION, inputs, needs)

    def _adapt(self, name: str, model: Mapping[str, Any], method: str, decay: bool = True) -> Stage:
        inputs = {**self._analog(LINEAR, model), "method": method, "quantize": True, "decay": decay,
                  "iterations": self.sizes.iterations}  # fmt: skip
        return Stage(f"adapt.{name}", work.adapt_scalers, VERSION, inputs, ("corpus", *_of(model)))

    def _analog(self, weights: str, model: Mapping[str, Any] | None) -> dict[str, Any]:
        analog: dict[str, Any] = {"weights": weights, "weights_digest": self.weights[weights], "model": model}
        if model is not None and "bundled" in model:
            from gaincell_char.behavior.store import load_model, model_text

            analog["model_digest"] = keys.digest(model_text(load_model(model["bundled"])).encode())
        return analog


def _of(model: Mapping[str, Any] | None) -> tuple[str, ...]:
    return (model["stage"],) if model is not None and "stage" in model else ()

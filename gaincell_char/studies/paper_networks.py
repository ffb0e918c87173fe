"""The networks of `study paper`: each a row of the paper's losses, its start among the bundled ones, its training."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaincell_char import keys
from gaincell_char.behavior import load_model
from gaincell_char.behavior.store import model_text
from gaincell_char.finetuning.recipe import PEAK_RATE, Recipe
from gaincell_char.finetuning.run import use_threads
from gaincell_char.gpt2.checkpoint import checkpoint_folder
from gaincell_char.pipeline import work
from gaincell_char.pipeline.network import LINEAR
from gaincell_char.pipeline.stages import Report, Stage
from gaincell_char.studies.inquiry import Asking

if TYPE_CHECKING:
    from gaincell_char.pipeline.work import Inputs, Products

SOFTWARE, CONTROL = "embedded/software", "embedded/software-control"
CELL, STRAIGHT_LINE = "leroux2025", "leroux2025_linear"
TOKENS, QUICK_TOKENS = 400_000, 40_000
GENTLE_RATE = 1e-4
"""An update here has 4096 tokens, not 1.5 million: at 6e-4 the first two cost linear hardware 0.28 nats."""
SEQUENCES = 16
"""Held-out sequences that a fine-tuning measures itself on."""
VERSION = 1
"""Of `gaincell_char.finetuning` and of the stages here; raised when a result changes with the same inputs."""


@dataclass(frozen=True)
class Network:
    """A row. `published`: the paper's loss on OpenWebText, `published_start` that before the training; None: not given.

    `recipe` None: the bundled network as it is.
    """

    name: str
    weights: str
    recipe: Recipe | None
    published: float | None = None
    published_start: float | None = None

    @property
    def earlier_tokens(self) -> int:
        """Tokens that the bundled weights had been fine-tuned on, after `embedded/software`; 0 for random weights."""
        if self.weights == SOFTWARE or (self.recipe is not None and self.recipe.start == "scratch"):
            return 0
        record = json.loads((checkpoint_folder(self.weights) / "training.json").read_text("utf-8"))
        total = 0
        while record:
            total += record["tokens"]
            record = record.get("before")
        return total


def networks(tokens: int) -> list[Network]:
    """Every row: what is trained takes `tokens` tokens of the same batches.

    Weights that were trained for the attention they meet, or are adapted to it, learn at `GENTLE_RATE`; the others at
    the published rate.
    """

    def trained(weights: str, model: str, start: str = "trained") -> Recipe:
        rate = PEAK_RATE if weights == SOFTWARE else GENTLE_RATE
        return Recipe(weights, model, start, tokens=tokens, scalers="published", rate=rate)

    return [
        Network("software", SOFTWARE, None, 3.10),
        Network("software control", CONTROL, trained(CONTROL, "software")),
        Network("linear", LINEAR, trained(LINEAR, STRAIGHT_LINE), 3.13),
        Network("nonlinear, adapted", LINEAR, trained(LINEAR, CELL, "adapted"), 3.12, 3.249),
        Network("linear, straight", SOFTWARE, trained(SOFTWARE, STRAIGHT_LINE)),
        Network("nonlinear, straight", SOFTWARE, trained(SOFTWARE, CELL), 3.86),
        Network("nonlinear, scratch", SOFTWARE, trained(SOFTWARE, CELL, "scratch"), 5.52),
    ]


def stage(network: Network, texts: Mapping[str, Any], asking: Asking) -> Stage:
    """The measurement of a row, trained where it is; `texts` go into its key."""
    inputs = {"weights": network.weights, "weights_digest": work.check_weights(network.weights), "texts": dict(texts),
              "work": work.VERSION}  # fmt: skip
    name = f"paper.{network.name.replace(', ', '-').replace(' ', '-')}"
    if network.recipe is None:
        return Stage(name, measure_software, VERSION, inputs)
    model = network.recipe.model
    inputs["recipe"] = network.recipe.describe()
    inputs["model_digest"] = None if model == "software" else keys.digest(model_text(load_model(model)).encode())
    work_of_it = Training(asking.folder / "networks", network.name, asking.workers, asking.report)
    return Stage(name, work_of_it, VERSION, inputs, in_parent=True)


def measure_software(inputs: Inputs, products: Products) -> bytes:
    """Losses of a bundled network on the held-out text that fine-tuning has; JSON, `after` as in its record."""
    from gaincell_char.evaluation import evaluate_loss, held_out_ids
    from gaincell_char.gpt2 import load_gpt2

    lm = load_gpt2(inputs["weights"])
    loss = evaluate_loss(lm, held_out_ids(lm.tokenizer, SEQUENCES, 1024))
    sums = [round(float(total), 4) for total in loss.nats.sum(axis=1)]
    return json.dumps({"predicted": loss.nats.shape[1], "after": sums, "before": None, "curve": []}).encode()


@dataclass(frozen=True)
class Training:
    """The work of a stage that trains: resumable in `folder`, where the network stays; `report` hears every update."""

    folder: Path
    name: str
    threads: int
    report: Report | None

    def __call__(self, inputs: Inputs, products: Products) -> bytes:
        """`before` and `after`: the held-out loss of each sequence, nats, over `predicted` tokens; JSON."""
        from gaincell_char.finetuning import fine_tune

        use_threads(self.threads)
        recipe = Recipe(**inputs["recipe"])
        out = self.folder / f"{Path(recipe.weights).name}-{Path(recipe.model).name}-{keys.key(inputs)[:10]}"
        record = fine_tune(recipe, out, device="cpu", progress=self._tell)
        held_out = record["held_out"]
        found = {
            "predicted": held_out["shape"][1] - 1,
            "before": held_out["before"]["sums_nats"],
            "after": held_out["after"]["sums_nats"],
            **{name: record[name] for name in ("tokens", "steps", "seconds", "tokens_per_s", "curve")},
        }
        return json.dumps(found).encode()

    def _tell(self, done: int, total: int, note: str) -> None:
        if self.report is not None:
            self.report(done, total, f"{self.name}, {note}")


def adaptation_stage(corpus: Stage, weights_digest: str) -> Stage:
    """The published curve: scalers of linear hardware from a = 1, b = 0 to the published cell, quantizers and decay
    off; the product of `work.adapt_scalers`."""
    inputs = {
        "weights": LINEAR,
        "weights_digest": weights_digest,
        "model": {"bundled": CELL},
        "model_digest": keys.digest(model_text(load_model(CELL)).encode()),
        "method": "paper",
        "quantize": False,
        "decay": False,
        "iterations": 100,
    }
    return Stage("paper.adaptation", work.adapt_scalers, work.VERSION, inputs, (corpus.name,))

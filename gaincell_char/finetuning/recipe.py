"""What a fine-tuning is: the network, the cell, where it starts, how long and how fast it learns."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from gaincell_char.behavior import load_model
from gaincell_char.errors import InputError
from gaincell_char.gpt2 import load_config
from gaincell_char.gpt2.checkpoint import checkpoint_folder

SOFTWARE = "software"
STARTS = ("trained", "adapted", "scratch")
SCALERS = ("statistics", "published")
PRECISIONS = ("bfloat16", "float32")

PEAK_RATE = 6e-4
"""Of AdamW, as in the training code of arXiv 2409.19315; so are its other settings (`finetuning.loop`)."""
FINAL_SHARE = 0.1
"""The cosine ends at a tenth of the peak, 6e-5, as published."""
WARM_UP_SHARE = 0.05
"""Of the steps. Published are 2000 of a planned 600000, of which a few thousand were made."""


@dataclass(frozen=True)
class Recipe:
    """A fine-tuning; with the text, all that its weights depend on.

    The four regimes of arXiv 2409.19315: linear from software (`weights` software, `model` linear); nonlinear from
    adapted (`weights` linear hardware, `start` "adapted"); nonlinear straight from software; from scratch (`start`
    "scratch"). `model` "software" trains softmax attention: the control.

    Attributes
    ----------
    weights: as `load_gpt2` takes them.
    model: a behavioral model by name or path, or "software".
    start: "trained", the weights with their scalers; "adapted", scalers adapted to the cell first; "scratch", random
        weights of the same size.
    tokens: to train on; the last step may go beyond.
    rows, length: sequences of a step, tokens of a sequence. micro_rows: sequences at once, a divisor of rows.
    rate: AdamW's peak learning rate; from 0 over `WARM_UP_SHARE` of the steps, then a cosine to a tenth.
    scalers: of weights that have none: "statistics" of the software attention, or "published", a = 1, b = 0 (q, out)
        and 0.45 V (k, v).
    method: of the adaptation, "paper" or "offset-aware".
    precision: of products; weights, norms, losses, clips and quantizers are float32.
    seed: of the batches and of random weights.
    """

    weights: str
    model: str
    start: str = "trained"
    tokens: int = 1_000_000
    rows: int = 4
    length: int = 1024
    micro_rows: int = 4
    rate: float = PEAK_RATE
    scalers: str = "statistics"
    method: str = "paper"
    precision: str = "bfloat16"
    seed: int = 1

    def check(self) -> None:
        """Raise `InputError`, one line, for a value out of its range or two that do not go together."""
        for name, known in (("start", STARTS), ("scalers", SCALERS), ("precision", PRECISIONS)):
            if getattr(self, name) not in known:
                raise InputError(f"{name}: {getattr(self, name)!r}; expected one of {', '.join(known)}")
        for name, least in (("tokens", 1), ("rows", 1), ("length", 2), ("micro_rows", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise InputError(f"{name}: {getattr(self, name)}; expected at least {least}")
        if self.rows % self.micro_rows:
            raise InputError(f"micro_rows: {self.micro_rows} does not divide the {self.rows} rows of a step")
        if not (math.isfinite(self.rate) and self.rate > 0):
            raise InputError(f"rate: {self.rate}; expected a learning rate above 0")
        if self.model == SOFTWARE and self.start == "adapted":
            raise InputError("start: adapted, but software attention has no scalers to adapt; give a behavioral model")

    @property
    def steps(self) -> int:
        """Updates of the weights."""
        return math.ceil(self.tokens / (self.rows * self.length))

    def rate_at(self, step: int) -> float:
        """Learning rate of update `step` (0, 1, ...): linear warm-up, then a cosine to `FINAL_SHARE` of the peak."""
        warm_up = max(1, round(WARM_UP_SHARE * self.steps))
        if step < warm_up:
            return self.rate * (step + 1) / warm_up
        done = (step - warm_up) / max(1, self.steps - 1 - warm_up)
        return self.rate * (FINAL_SHARE + (1 - FINAL_SHARE) * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))

    def describe(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def usual_start(weights: str, model: str) -> str:
    """ "adapted" where weights of linear hardware go to a nonlinear cell, as the paper does; else "trained".

    Raises
    ------
    InputError
        Weights or a model that cannot be read.
    """
    if model == SOFTWARE or load_model(model).cell.kind == "linear":
        return "trained"
    config = load_config(checkpoint_folder(weights) / "config.json")
    return "adapted" if config.gaincell.attention == "linear-hardware" else "trained"

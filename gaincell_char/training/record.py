"""What is written beside the weights: how they came to be and how good they are, measured on the rounded weights."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from typing import Any

import torch
from tokenizers import Tokenizer

from gaincell_char.corpus import code
from gaincell_char.corpus.recall import RecallSet, recall_set
from gaincell_char.training.evaluate import DISTANCES, code_loss, recall_curve
from gaincell_char.training.hardware import HardwareAttention
from gaincell_char.training.model import GPT, SoftmaxAttention
from gaincell_char.training.train import Progress

CUT_WINDOW = 64


def set_window(model: GPT, window: int | None) -> None:
    """Let every layer see `window` tokens; None: all of them."""
    for block in model.blocks:
        attention = block.attn.attention
        if isinstance(attention, SoftmaxAttention):
            attention.window = window
        elif isinstance(attention, HardwareAttention):
            attention.limit = window


def measure(model: GPT, tokenizer: Tokenizer, n_sequences: int = 32, n_programs: int = 32) -> dict[str, Any]:
    """Held-out code loss and recall by distance, in float32, with the whole window and with `CUT_WINDOW` tokens."""
    sets: Sequence[RecallSet] = [recall_set(tokenizer, distance, n_programs) for distance in DISTANCES]
    held_out = code.held_out_tokens(tokenizer, n_sequences)
    result: dict[str, Any] = {
        "code": {"loss_nats": code_loss(model, held_out), "tokens": int(held_out.size)},
        "recall": {
            "answers_per_distance": int(sets[0].answer_id.size),
            "accuracy": recall_curve(model, sets),
        },
    }
    set_window(model, CUT_WINDOW)
    result[f"window_{CUT_WINDOW}"] = {
        "code_loss_nats": code_loss(model, held_out),
        "recall_accuracy": recall_curve(model, sets),
    }
    set_window(model, None)
    return result


def texts(sources: Sequence[code.Source]) -> dict[str, str]:
    """sha256 of each text, by module."""
    return {source.name: source.sha256 for source in sources}


def training_record(
    progress: Progress, settings: dict[str, Any], tests: bool, measured: dict[str, Any]
) -> dict[str, Any]:
    """The whole of `training.json`."""
    return {
        "measured": measured,
        "settings": settings,
        "phases": {
            name: {"tokens": int(spent["tokens"]), "seconds": round(spent["seconds"], 1)}
            for name, spent in progress.spent.items()
        },
        "tokens": int(sum(spent["tokens"] for spent in progress.spent.values())),
        "seconds": round(sum(spent["seconds"] for spent in progress.spent.values()), 1),
        "python": code.python_read(),
        "torch": torch.__version__,
        "machine": platform.machine(),
        "curve": [
            {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}
            for row in progress.curve
        ],
        "held_out": texts(code.held_out_sources()),
        "trained_on": texts(code.training_sources(tests=tests)),
    }

"""Held-out code loss and recall accuracy of a torch model, for progress and for the record beside the weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from gaincell_char.corpus.recall import RecallSet
from gaincell_char.training.model import GPT

DISTANCES = (16, 32, 64, 128, 256, 512, 900)


@torch.no_grad()
def code_loss(model: GPT, ids: npt.NDArray[np.int64], batch: int = 4, fast: bool = False) -> float:
    """Mean next-token loss in nats over rows (n, T); `fast` computes in bfloat16."""
    total, count = 0.0, 0
    for start in range(0, len(ids), batch):
        rows = torch.from_numpy(ids[start : start + batch])
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=fast):
            logits = model(rows)
        target = rows[:, 1:].reshape(-1)
        total += float(F.cross_entropy(logits[:, :-1].reshape(-1, logits.shape[-1]).float(), target, reduction="sum"))
        count += target.numel()
    return total / count


@torch.no_grad()
def recall_accuracy(model: GPT, questions: RecallSet, batch: int = 8, fast: bool = False) -> float:
    """Share of answers that are the likeliest next token."""
    right = 0
    for start in range(0, len(questions.ids), batch):
        rows = torch.from_numpy(questions.ids[start : start + batch])
        position = torch.from_numpy(questions.answer_position[start : start + batch])
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=fast):
            hidden = model.hidden(rows)
            asked = hidden[torch.arange(len(rows))[:, None], position - 1]
            predicted = model.logits(asked).argmax(-1)
        right += int((predicted == torch.from_numpy(questions.answer_id[start : start + batch])).sum())
    return right / questions.answer_id.size


def recall_curve(model: GPT, sets: Sequence[RecallSet], fast: bool = False) -> dict[str, float]:
    """Accuracy by distance, keyed by the distance in tokens."""
    return {str(int(questions.distance[0, 0])): recall_accuracy(model, questions, fast=fast) for questions in sets}

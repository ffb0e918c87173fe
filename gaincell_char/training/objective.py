"""What a step minimizes: the code's loss and the answers' loss, optionally with a teacher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from gaincell_char.training.curriculum import Batch, Phase
from gaincell_char.training.model import GPT


@dataclass(frozen=True)
class Objective:
    """loss: what to differentiate; code, answers: nats per token; recall: share of answers predicted right."""

    loss: Tensor
    code: float
    answers: float
    recall: float


ObjectiveFunction = Callable[[GPT, Batch, Phase], Objective]


def _token_ids(batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """All rows (n, T), the code targets (n_code, T - 1), and which positions predict an answer (n_recall, T - 1)."""
    code = torch.from_numpy(batch.code)
    return torch.cat([code, torch.from_numpy(batch.recall)]), code[:, 1:], torch.from_numpy(batch.answers[:, 1:])


def language(model: GPT, batch: Batch, phase: Phase) -> Objective:
    """Next-token loss on code plus `phase.recall_weight` times the loss on recall answers."""
    return _language(model, batch, phase, None)


def _language(model: GPT, batch: Batch, phase: Phase, teacher: GPT | None) -> Objective:
    ids, target, asked = _token_ids(batch)
    n_code = len(target)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = model.hidden(ids, batch.offset)[:, :-1]
        logits = model.logits(hidden[:n_code])
        answers = model.logits(hidden[n_code:][asked])
    code_loss = F.cross_entropy(logits.float().flatten(0, 1), target.flatten())
    answer = ids[n_code:, 1:][asked]
    answer_loss = F.cross_entropy(answers.float(), answer)
    loss = code_loss
    if teacher is not None:
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            wanted = teacher(ids[:n_code], batch.offset)[:, :-1].softmax(-1)
        # cross-entropy against the teacher's distribution has the same gradient as the divergence from it
        distilled = F.cross_entropy(logits.float().flatten(0, 1), wanted.float().flatten(0, 1))
        loss = (1 - phase.distill) * code_loss + phase.distill * distilled
    right = float((answers.detach().argmax(-1) == answer).float().mean())
    total = loss + phase.recall_weight * answer_loss
    return Objective(total, float(code_loss.detach()), float(answer_loss.detach()), right)


def distilled_by(teacher: GPT) -> ObjectiveFunction:
    """`language`, with a share `phase.distill` of the code's loss taken against the teacher's distribution."""

    def objective(model: GPT, batch: Batch, phase: Phase) -> Objective:
        return _language(model, batch, phase, teacher if phase.distill > 0 else None)

    return objective


def layers_matched_to(teacher: GPT) -> ObjectiveFunction:
    """Each layer's attention, given the teacher's input to it, imitates the teacher's output.

    The loss is the sum over layers of the squared error over the teacher's mean square; all layers learn at once and
    none waits for the layers below it to work.
    """

    def objective(model: GPT, batch: Batch, phase: Phase) -> Objective:
        ids, _, _ = _token_ids(batch)
        loss = torch.zeros(())
        with torch.autocast("cpu", dtype=torch.bfloat16):
            with torch.no_grad():
                x: Tensor = teacher.embed(ids, batch.offset)
            for block, taught in zip(model.blocks, teacher.blocks, strict=True):
                with torch.no_grad():
                    wanted = taught.attn(taught.ln_1(x)).float()
                given = block.attn(block.ln_1(x)).float()
                loss = loss + (given - wanted).square().mean() / wanted.square().mean()
                with torch.no_grad():
                    x = x + wanted
                    x = x + taught.mlp(taught.ln_2(x))
        share = float(loss.detach()) / len(model.blocks)
        return Objective(loss, share, 0.0, 1 - share)

    return objective

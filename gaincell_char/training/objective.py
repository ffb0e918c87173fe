"""What a step minimizes: the code's loss and the answers' loss, optionally with a teacher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from gaincell_char.training.curriculum import Batch, Phase
from gaincell_char.training.hardware import Variation, cells_varied
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


def distilled_by(teacher: GPT) -> ObjectiveFunction:
    """`language`, with a share `phase.distill` of the code's loss taken against the teacher's distribution.

    With `phase.match`, the student's states after each layer are drawn to the teacher's as well: the squared error over
    the mean square of what the layers have added so far, averaged over layers and over code, recall programs and the
    places where an answer is asked. A head that feeds another then learns from every token, not only from the answers.
    """

    def objective(model: GPT, batch: Batch, phase: Phase) -> Objective:
        return _language(model, batch, phase, teacher)

    return objective


def _language(model: GPT, batch: Batch, phase: Phase, teacher: GPT | None) -> Objective:
    ids, target, asked = _token_ids(batch)
    n_code = len(target)
    variation = None
    if phase.shift_V > 0 or phase.bend > 0:
        variation = Variation(torch.from_numpy(batch.shift_V), torch.from_numpy(batch.bend))
    with torch.autocast("cpu", dtype=torch.bfloat16), cells_varied(model, variation):
        states = model.states(ids, batch.offset)
        hidden = model.ln_f(states[-1])[:, :-1]
        logits = model.logits(hidden[:n_code])
        answers = model.logits(hidden[n_code:][asked])
    code_loss = F.cross_entropy(logits.float().flatten(0, 1), target.flatten())
    answer = ids[n_code:, 1:][asked]
    answer_loss = F.cross_entropy(answers.float(), answer)
    right = float((answers.detach().argmax(-1) == answer).float().mean())
    loss = code_loss + phase.recall_weight * answer_loss
    if teacher is not None:
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            taught = teacher.states(ids if phase.match > 0 else ids[:n_code], batch.offset)
            wanted = teacher.logits(teacher.ln_f(taught[-1][:n_code, :-1])).softmax(-1)
        # cross-entropy against the teacher's distribution has the same gradient as the divergence from it
        distilled = F.cross_entropy(logits.float().flatten(0, 1), wanted.float().flatten(0, 1))
        loss = loss + phase.distill * (distilled - code_loss)
        if phase.match > 0:
            triples = zip(states[1:], taught[1:], strict=True)
            errors = [_relative_errors(x, y, y - taught[0], n_code, asked) for x, y in triples]
            loss = loss + phase.match * torch.stack(errors).mean()
    return Objective(loss, float(code_loss.detach()), float(answer_loss.detach()), right)


def _relative_errors(given: Tensor, wanted: Tensor, signal: Tensor, n_code: int, asked: Tensor) -> Tensor:
    """Squared error over the signal's mean square in code rows, in recall rows, where answers are asked; shape (3,)."""
    square, scale = (given.float() - wanted.float()).square(), signal.float().square()
    parts = [(part[:n_code], part[n_code:], part[n_code:, :-1][asked]) for part in (square, scale)]
    return torch.stack([e.mean() / s.mean() for e, s in zip(*parts, strict=True)])


def layers_matched_to(teacher: GPT) -> ObjectiveFunction:
    """Each layer's attention, given the teacher's input to it, imitates the teacher's output.

    The loss is the squared error over the teacher's mean square, separately over code, over recall programs and over
    the few places where an answer is asked (there the heads that recall are at work), summed over all layers: all learn
    at once and none waits for the layers below it to work. `Objective` reports the mean relative error as `code`, the
    one at the answers as `answers` and 1 minus that as `recall`.
    """

    def objective(model: GPT, batch: Batch, phase: Phase) -> Objective:
        ids, target, asked = _token_ids(batch)
        errors = []
        with torch.autocast("cpu", dtype=torch.bfloat16):
            with torch.no_grad():
                x: Tensor = teacher.embed(ids, batch.offset)
            for block, taught in zip(model.blocks, teacher.blocks, strict=True):
                with torch.no_grad():
                    wanted = taught.attn(taught.ln_1(x)).float()
                given = block.attn(block.ln_1(x))
                errors.append(_relative_errors(given, wanted, wanted, len(target), asked))
                with torch.no_grad():
                    x = x + wanted
                    x = x + taught.mlp(taught.ln_2(x))
        code, _, answers = torch.stack(errors).detach().mean(0).tolist()
        return Objective(torch.stack(errors).sum(), code, answers, 1 - answers)

    return objective

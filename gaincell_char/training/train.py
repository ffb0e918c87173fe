"""The training loop: seeded, resumable after a kill at any moment, the same weights either way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from gaincell_char.training import parallel
from gaincell_char.training import state as disk
from gaincell_char.training.curriculum import Data, Phase, make_batch
from gaincell_char.training.model import GPT
from gaincell_char.training.objective import ObjectiveFunction, language
from gaincell_char.training.optimizer import Optimizers


@dataclass
class Progress:
    """Where a run is. `curve` holds one row per logged step; `spent` the tokens and seconds of each phase."""

    step: int = 0
    phase: int = 0
    phase_tokens: int = 0
    recall: float = 0.0
    curve: list[dict[str, Any]] = field(default_factory=list)
    spent: dict[str, dict[str, float]] = field(default_factory=dict)


def train(
    model: GPT,
    optimizers: Optimizers,
    data: Data,
    phases: tuple[Phase, ...],
    folder: Path,
    seed: int,
    objectives: Mapping[str, ObjectiveFunction] = MappingProxyType({}),
    evaluate: Callable[[GPT, Phase], dict[str, Any]] | None = None,
    log_every: int = 25,
    save_every: int = 100,
    evaluate_every: int = 250,
    stop_after: int | None = None,
) -> Progress:
    """Run `phases` to their end, from the state in `folder` if there is one.

    Args:
        objectives: what a phase of that name minimizes, where it is not `language`.
        folder: holds `state.pt` (resumed) and `curve.jsonl` (for a person to watch).
        stop_after: stop after this many steps of this call, state saved (for tests).
    """
    progress = Progress()
    path = folder / "state.pt"
    if path.exists():
        stored = disk.load(path)
        model.load_state_dict(stored["model"])
        optimizers.load_state_dict(stored["optimizers"])
        progress = Progress(**stored["progress"])

    def save() -> None:
        if parallel.rank() > 0:
            return
        stored = {"model": model.state_dict(), "optimizers": optimizers.state_dict(), "progress": vars(progress)}
        disk.save(path, stored)

    folder.mkdir(parents=True, exist_ok=True)
    steps = 0
    while progress.phase < len(phases) and (stop_after is None or steps < stop_after):
        phase = phases[progress.phase]
        began = time.perf_counter()
        batch = parallel.share(make_batch(data, phase, seed, progress.step, model.config.n_positions))
        objective = objectives.get(phase.name, language)(model, batch, phase)
        torch.autograd.backward(objective.loss)
        for name, parameter in model.named_parameters():
            if not name.startswith(phase.only):
                parameter.grad = None
        code, answers, recall = parallel.average(model, [objective.code, objective.answers, objective.recall])
        done = progress.phase_tokens / phase.tokens
        rate = phase.rate_start + (phase.rate_end - phase.rate_start) * done
        norm = optimizers.step(rate)

        steps += 1
        progress.step += 1
        progress.phase_tokens += phase.batch_tokens
        progress.recall = 0.95 * progress.recall + 0.05 * recall
        spent = progress.spent.setdefault(phase.name, {"tokens": 0, "seconds": 0.0})
        spent["tokens"] += phase.batch_tokens
        spent["seconds"] += time.perf_counter() - began
        row: dict[str, Any] = {}
        if progress.step % log_every == 0:
            row = {
                "step": progress.step,
                "phase": phase.name,
                "tokens": sum(s["tokens"] for s in progress.spent.values()),
            }
            row |= {"code": code, "answers": answers, "recall": progress.recall, "norm": norm}
            row |= {"rate": rate, "seconds": round(sum(s["seconds"] for s in progress.spent.values()), 1)}
        if evaluate is not None and parallel.rank() == 0 and progress.step % evaluate_every == 0:
            row |= evaluate(model, phase)
        if row and parallel.rank() == 0:
            progress.curve.append(row)
            with (folder / "curve.jsonl").open("a") as file:
                file.write(json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}) + "\n")
        if progress.phase_tokens >= phase.tokens or progress.recall >= phase.advance_at:
            progress.phase += 1
            progress.phase_tokens = 0
            progress.recall = 0.0
        if progress.step % save_every == 0 or progress.phase == len(phases):
            save()
    save()
    return progress

"""The updates, and the state from which they go on."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gaincell_char.behavior import BehavioralModel
from gaincell_char.errors import EnvironmentFault, InputError
from gaincell_char.evaluation import Loss
from gaincell_char.finetuning.attention import exact
from gaincell_char.finetuning.network import decayed_groups, write_checkpoint
from gaincell_char.finetuning.recipe import Recipe
from gaincell_char.finetuning.run import STATE, Progress, check_same
from gaincell_char.finetuning.start import starting_network, untrained
from gaincell_char.finetuning.text import Text
from gaincell_char.gpt2 import GPT2
from gaincell_char.training import state as disk
from gaincell_char.training.model import GPT

WEIGHT_DECAY = 0.1
BETAS = (0.9, 0.95)
LARGEST_NORM = 1.0
"""Of the gradient, as published, with the two above."""


@dataclass
class Done:
    """How far a run is. `curve` holds (step, training loss) of the logged steps, `before` the held-out loss."""

    step: int = 0
    seconds: float = 0.0
    before: dict[str, Any] = field(default_factory=dict)
    curve: list[list[float]] = field(default_factory=list)


class Training:
    """One run; `run` takes it to its end from the state in `out`, if there is one."""

    def __init__(
        self,
        recipe: Recipe,
        lm: GPT2,
        model: BehavioralModel | None,
        text: Text,
        identity: dict[str, Any],
        out: Path,
        device: str,
    ) -> None:
        self._recipe, self._lm, self._model, self._text, self._out = recipe, lm, model, text, out
        self._identity = identity
        self._device = _device(device)

    def run(self, save_every: int, progress: Progress | None) -> dict[str, Any]:
        """Train, publish, and return the record."""
        recipe, tell = self._recipe, progress or (lambda done, total, note: None)
        stored = self._stored()
        if stored is None:
            network = starting_network(recipe, self._lm, self._model, self._text, self._device, tell)
            done = Done()
        else:
            network, done = untrained(recipe, self._lm, self._model, self._device), Done(**stored["done"])
            network.load_state_dict(stored["network"])
        network.to(self._device)
        optimizer = torch.optim.AdamW(decayed_groups(network, WEIGHT_DECAY), recipe.rate, BETAS)
        if stored is None:
            done.before = self._held_out(network)
            self._save(network, optimizer, done)
        else:
            optimizer.load_state_dict(stored["optimizer"])
        del stored
        log_every = max(1, recipe.steps // 50)
        while done.step < recipe.steps:
            began = time.perf_counter()
            loss = self._update(network, optimizer, done.step)
            done.step += 1
            done.seconds += time.perf_counter() - began
            if done.step % log_every == 0 or done.step == recipe.steps:
                done.curve.append([done.step, round(loss, 4)])
            if done.step % save_every == 0:
                self._save(network, optimizer, done)
            tell(done.step, recipe.steps, f"loss {loss:.3f}")
        record = self._record(network, done)
        write_checkpoint(network, self._lm, self._out, self._attention, record)
        (self._out / STATE).unlink(missing_ok=True)
        return record

    @property
    def _attention(self) -> str:
        return "software" if self._model is None else f"{self._model.cell.kind}-hardware"

    def _update(self, network: GPT, optimizer: torch.optim.Optimizer, step: int) -> float:
        """Update number `step`; its mean loss, nats a token."""
        recipe = self._recipe
        total = 0.0
        optimizer.zero_grad()
        for ids in torch.split(torch.from_numpy(self._text.batch(recipe, step)), recipe.micro_rows):
            loss = self._losses(network, ids, recipe.precision).mean() * (len(ids) / recipe.rows)
            torch.autograd.backward(loss)
            total += float(loss.detach())
        norm = float(torch.nn.utils.clip_grad_norm_(network.parameters(), LARGEST_NORM))
        if not (math.isfinite(total) and math.isfinite(norm)):
            raise InputError(f"the loss is not finite at step {step + 1}; begin again with a smaller --rate")
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate_at(step)
        optimizer.step()
        return total

    def _losses(self, network: GPT, ids: Tensor, precision: str) -> Tensor:
        """-log p of every token but the first: (rows, length - 1), float32."""
        ids = ids.to(self._device)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=precision == "bfloat16"):
            logits = network(ids)[:, :-1]
        return F.cross_entropy(logits.float().transpose(1, 2), ids[:, 1:], reduction="none")

    @torch.no_grad()
    def _held_out(self, network: GPT) -> dict[str, Any]:
        """Loss on the held-out text in float32, as the NumPy network has it: mean, interval, each sequence's sum."""
        rows = torch.split(torch.from_numpy(self._text.held_out), self._recipe.micro_rows)
        with exact(network):
            nats = torch.cat([self._losses(network, ids, "float32").cpu() for ids in rows]).double().numpy()
        interval = Loss(nats).interval
        sums = [round(float(total), 4) for total in nats.sum(1)]
        return {"loss_nats": interval.mean, "interval": [interval.low, interval.high], "sums_nats": sums}

    def _record(self, network: GPT, done: Done) -> dict[str, Any]:
        recipe = self._recipe
        tokens = recipe.steps * recipe.rows * recipe.length
        return {
            "identity": self._identity,
            "steps": recipe.steps,
            "tokens": tokens,
            "seconds": round(done.seconds, 1),
            "tokens_per_s": round(tokens / done.seconds, 1),
            "held_out": {"shape": list(self._text.held_out.shape), "before": done.before,
                         "after": self._held_out(network)},
            "curve": done.curve,
            "device": self._device.type,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        }  # fmt: skip

    def _save(self, network: GPT, optimizer: torch.optim.Optimizer, done: Done) -> None:
        state = {"identity": self._identity, "network": network.state_dict(), "optimizer": optimizer.state_dict(),
                 "done": asdict(done)}  # fmt: skip
        try:
            disk.save(self._out / STATE, state)
        except (OSError, RuntimeError) as error:  # torch's writer raises the latter on a full disk
            raise EnvironmentFault(f"{self._out / STATE}: cannot be written ({error}); the run stops here") from error

    def _stored(self) -> dict[str, Any] | None:
        """The saved state; None at the beginning."""
        path = self._out / STATE
        if not path.is_file():
            return None
        try:
            stored = disk.load(path)
        except Exception as error:  # the unpickler's errors have no common class
            raise InputError(f"{path}: damaged ({type(error).__name__}); remove it to begin again") from error
        check_same(self._out, stored.get("identity"), self._identity)
        return stored


def _device(name: str) -> torch.device:
    if name == "cuda" and not torch.cuda.is_available():
        raise EnvironmentFault("device cuda: torch sees no GPU; use --device cpu")
    chosen = ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name
    return torch.device(chosen)

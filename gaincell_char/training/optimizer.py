"""Muon for the hidden matrices, AdamW for embeddings, biases, norms and scalers, and one schedule for both."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

SCALER_SHARE = 0.2
"""Learning rate of a scaler, against a vector's: one step of b_k moves every score of its head, by 19.3 sum(q) / 80."""


class Optimizers:
    """The two optimizers as one. `rate` in `step` multiplies both learning rates."""

    def __init__(
        self, model: nn.Module, matrix_lr: float, vector_lr: float, embedding_lr: float, weight_decay: float = 0.05
    ) -> None:
        matrices, embeddings, vectors, scalers = [], [], [], []
        for name, parameter in model.named_parameters():
            if name.startswith("h.") and parameter.ndim == 2 and "attention" not in name:
                matrices.append(parameter)
            elif name.startswith(("wte", "wpe")):
                embeddings.append(parameter)
            elif ".attention." in name:
                scalers.append(parameter)
            else:
                vectors.append(parameter)
        self.muon = torch.optim.Muon(
            matrices, lr=matrix_lr, weight_decay=weight_decay, momentum=0.95, adjust_lr_fn="match_rms_adamw"
        )
        self.adam = torch.optim.AdamW(
            [
                {"params": embeddings, "lr": embedding_lr},
                {"params": vectors, "lr": vector_lr},
                *([{"params": scalers, "lr": SCALER_SHARE * vector_lr}] if scalers else []),
            ],
            betas=(0.9, 0.98),
            weight_decay=0.0,
        )
        self.parameters = [*matrices, *embeddings, *vectors, *scalers]
        self.base = [[group["lr"] for group in optimizer.param_groups] for optimizer in (self.muon, self.adam)]

    def step(self, rate: float, clip: float = 1.0) -> float:
        """One update at `rate` times the base learning rates; returns the gradient's norm before clipping."""
        norm = float(torch.nn.utils.clip_grad_norm_(self.parameters, clip))
        for optimizer, base in zip((self.muon, self.adam), self.base, strict=True):
            for group, lr in zip(optimizer.param_groups, base, strict=True):
                group["lr"] = lr * rate
        if math.isfinite(norm):
            self.muon.step()  # type: ignore[no-untyped-call]
            self.adam.step()
        for parameter in self.parameters:
            parameter.grad = None
        return norm

    def state_dict(self) -> dict[str, Any]:
        return {"muon": self.muon.state_dict(), "adam": self.adam.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])

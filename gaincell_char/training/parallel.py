"""Single-threaded processes that share a batch: on a busy machine, faster than one process with as many threads.

Started by `torchrun` (`python -m torch.distributed.run --nproc-per-node 2 -m gaincell_char.training ...`); without it
everything here does nothing.
"""

from __future__ import annotations

import os

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from gaincell_char.training.curriculum import Batch


def start() -> None:
    """Join the group that torchrun's environment describes, if there is one."""
    if "WORLD_SIZE" in os.environ and not dist.is_initialized():
        dist.init_process_group("gloo")


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def size() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def share(batch: Batch) -> Batch:
    """This process's rows of a batch.

    Raises:
        ValueError: the rows do not divide by the number of processes (the mean of means would be another loss).
    """
    if size() == 1:
        return batch
    if len(batch.code) % size() or len(batch.recall) % size():
        raise ValueError(f"{len(batch.code)} + {len(batch.recall)} rows do not divide over {size()} processes")
    mine = slice(rank(), None, size())
    n_code = len(batch.code)
    shift, bend = (np.concatenate([rows[:n_code][mine], rows[n_code:][mine]]) for rows in (batch.shift_V, batch.bend))
    return Batch(batch.code[mine], batch.recall[mine], batch.answers[mine], batch.offset, shift, bend)


def average(model: nn.Module, metrics: list[float]) -> list[float]:
    """Replace every gradient by its mean over the processes; returns the mean of `metrics`."""
    if size() == 1:
        return metrics
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    flat = torch.cat([*(g.flatten() for g in gradients), torch.tensor(metrics)])
    dist.all_reduce(flat)
    flat /= size()
    start_at = 0
    for gradient in gradients:
        gradient.copy_(flat[start_at : start_at + gradient.numel()].view_as(gradient))
        start_at += gradient.numel()
    mean: list[float] = flat[start_at:].tolist()
    return mean


def same_everywhere(value: Tensor) -> bool:
    """Whether all processes hold equal values: they must, or their weights have drifted apart."""
    if size() == 1:
        return True
    low, high = value.clone(), value.clone()
    dist.all_reduce(low, dist.ReduceOp.MIN)
    dist.all_reduce(high, dist.ReduceOp.MAX)
    return bool(torch.equal(low, high))

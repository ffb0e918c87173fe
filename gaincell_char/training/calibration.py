"""Where the hardware's scalers start: measured on the software model that the hardware is to replace."""

from __future__ import annotations

from itertools import product
from typing import cast

import torch
from torch import Tensor

from gaincell_char.training.hardware import MID_SUPPLY_V, HardwareAttention
from gaincell_char.training.model import GPT

SPREADS = (1.0, 2.0, 3.0)
"""Standard deviations of q, and of k, that fit a converter's range to either side of its middle."""

THRESHOLDS_V = (0.0, 0.02, 0.04, 0.06, 0.09, 0.12, 0.16, 0.2)
"""How far k is moved below mid-supply: only scores that exceed what this takes away stay above zero."""


@torch.no_grad()
def calibrate_scalers(hardware: GPT, software: GPT, ids: Tensor) -> None:
    """Set every scaler of `hardware` (a copy of `software` with hardware attention) from statistics on ids (B, T).

    q is centered at 0.5, which keeps its sign's information (the published start, b = 0, clips half of it), k and v
    around mid-supply; how many standard deviations fit, and how far k is lowered, is chosen per head from a grid, for
    the head's output to correlate best with the software head's. A softmax picks the few largest scores; lowering k
    does the same for a rectifier. The output scaler is the least-squares fit to the software head.
    """
    x = software.embed(ids)
    for block, taught in zip(hardware.blocks, software.blocks, strict=True):
        scaler = cast("HardwareAttention", block.attn.attention)
        q, k, v = (projection.float() for projection in taught.attn.heads(taught.ln_1(x)))
        wanted = taught.attn.attention(q, k, v)
        best = torch.full((q.shape[1],), -2.0)
        center(scaler, "v", v, MID_SUPPLY_V, 2.0, 0.0)
        scaler.a["out"].fill_(1.0)
        scaler.b["out"].fill_(0.0)
        kept = {name: (scaler.a[name].clone(), scaler.b[name].clone()) for name in ("q", "k", "out")}
        for spread_q, spread_k, threshold in product(SPREADS, SPREADS, THRESHOLDS_V):
            center(scaler, "q", q, 0.5, spread_q, 0.0)
            center(scaler, "k", k, MID_SUPPLY_V, spread_k, threshold)
            raw = scaler(q, k, v)
            (wanted_std, wanted_mean), (std, mean) = per_head(wanted), per_head(raw)
            slope = ((wanted * raw).mean((0, 2, 3)) - wanted_mean * mean) / std.square().clamp_min(1e-12)
            correlation = slope * std / wanted_std
            # a head that the hardware does not yet resemble starts quiet rather than loud
            slope = torch.maximum(slope, 0.05 * wanted_std / std.clamp_min(1e-6))
            now = {name: (scaler.a[name], scaler.b[name]) for name in ("q", "k")}
            for name, (a, b) in {**now, "out": (slope, wanted_mean - slope * mean)}.items():
                kept[name] = (
                    torch.where(correlation > best, a, kept[name][0]),
                    torch.where(correlation > best, b, kept[name][1]),
                )
            best = torch.maximum(best, correlation)
        for name, (a, b) in kept.items():
            scaler.a[name].copy_(a)
            scaler.b[name].copy_(b)
        x = taught(x)


def center(scaler: HardwareAttention, name: str, x: Tensor, middle: float, spread: float, lowered: float) -> None:
    """Map x (B, H, T, D) to `middle` - `lowered`, with `spread` standard deviations up to the end of the range."""
    std, mean = per_head(x)
    scaler.a[name].copy_(middle / (spread * std))
    scaler.b[name].copy_(middle - lowered - scaler.a[name] * mean)


def per_head(x: Tensor) -> tuple[Tensor, Tensor]:
    """Standard deviation and mean of (B, H, T, D) per head."""
    std, mean = torch.std_mean(x.float(), dim=(0, 2, 3))
    return std, mean

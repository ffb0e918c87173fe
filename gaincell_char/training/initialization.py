"""A start from which recall is learned in minutes on a CPU: two pairs of heads laid out as the circuit it needs.

From random weights, recall stays at chance for millions of tokens before it appears at once (heads in two layers must
find each other). So the residual stream starts divided into subspaces, and four heads start as copies between them:

    layer 0, head 0: the token one back  -> `one_back`         layer 0, head 1: the token two back -> `two_back`
    layer 1, head 0: find where `one_back` is my token, copy the token there             (... x y ... x -> y)
    layer 1, head 1: find where `two_back` is my `one_back`, copy the token there        (... x = y ... x = -> y)

This is a start, not a constraint: every weight is trained on.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gaincell_char.training.model import GPT


def _blocks(width: int) -> dict[str, slice]:
    """Subspaces of the residual stream, in sixteenths of its width: the token's own has a part to match and to copy."""
    unit = width // 16
    bounds = {"position": (0, 3), "one_back": (3, 6), "two_back": (6, 9), "match": (9, 12), "copy": (12, 16)}
    return {name: slice(low * unit, high * unit) for name, (low, high) in bounds.items()}


def _rotation(rates: Tensor, steps: int) -> Tensor:
    """Matrix (2n, 2n) that takes the sinusoids of a position to those of `steps` positions before (row vectors)."""
    cos, sin = (rates * steps).cos(), (rates * steps).sin()
    matrix = torch.zeros(2 * len(rates), 2 * len(rates))
    even = torch.arange(0, 2 * len(rates), 2)
    matrix[even, even], matrix[even + 1, even + 1] = cos, cos
    matrix[even, even + 1], matrix[even + 1, even] = sin, -sin
    return matrix


@torch.no_grad()
def lay_out_recall(model: GPT, amplitude: float = 0.02) -> None:
    """Set the start described above, in place. Needs 2 layers, 2 heads and a head at least a quarter of the width."""
    config = model.config
    width, head = config.n_embd, config.n_embd // config.n_head
    block = _blocks(width)
    n_rates = (block["position"].stop - block["position"].start) // 2
    rates = 3.0 * torch.exp(-math.log(3.0 * config.n_positions / 2) * torch.arange(n_rates) / (n_rates - 1))
    angle = torch.arange(config.n_positions)[:, None] * rates
    table = torch.stack([angle.sin(), angle.cos()], 2).flatten(1)
    model.wpe.weight.zero_()
    model.wpe.weight[:, block["position"]] = table * amplitude * math.sqrt(2)
    token = slice(block["match"].start, width)
    model.wte.weight[:, : token.start] = 0
    model.wte.weight[:, token] *= amplitude / model.wte.weight[:, token].std()
    for layer in model.blocks:
        layer.mlp.c_proj.weight.zero_()
        layer.attn.c_proj.weight.zero_()

    rms = amplitude * math.sqrt((token.stop - token.start + 2 * n_rates) / width)  # what the first norm divides by

    def set_head(
        layer: int, number: int, query: tuple[slice, Tensor], key: slice, value: tuple[slice, slice], out: float
    ) -> None:
        weight = model.blocks[layer].attn.c_attn.weight
        columns = [slice(part * width + number * head, part * width + (number + 1) * head) for part in range(3)]
        for part in columns:
            weight[:, part] = 0
        size = key.stop - key.start
        weight[query[0], columns[0].start : columns[0].start + size] = query[1]
        weight[key, columns[1].start : columns[1].start + size] = torch.eye(size)
        source, target = value
        size = source.stop - source.start
        weight[source, columns[2].start : columns[2].start + size] = torch.eye(size)
        rows = slice(number * head, number * head + size)
        model.blocks[layer].attn.c_proj.weight[rows, target] = out * rms * torch.eye(size)

    for number, (steps, target) in enumerate(((1, "one_back"), (2, "two_back"))):
        turn = 2.5 * _rotation(rates, steps)
        set_head(0, number, (block["position"], turn), block["position"], (block["match"], block[target]), 1.0)
    same = 1.5 * torch.eye(3 * (width // 16))
    set_head(1, 0, (block["match"], same), block["one_back"], (block["copy"], block["copy"]), 3.0)
    set_head(1, 1, (block["one_back"], same), block["two_back"], (block["copy"], block["copy"]), 3.0)

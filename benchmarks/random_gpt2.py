"""A GPT-2 with random weights, in transformers and in this package on the same memory: what the benchmarks compare."""

from __future__ import annotations

from typing import Any

import numpy as np

from gaincell_char.gpt2.config import GPT2Config
from gaincell_char.gpt2.network import GPT2
from gaincell_char.gpt2.weights import Affine, Array, Block, Norm, Weights

SIZES = {"gpt2": (12, 12, 768), "gpt2-medium": (24, 16, 1024), "gpt2-large": (36, 20, 1280), "gpt2-xl": (48, 25, 1600)}
"""Layers, heads, width."""


def settings(size: str, positions: int) -> dict[str, Any]:
    layers, heads, width = SIZES[size]
    return {"vocab_size": 50257, "n_positions": positions, "n_embd": width, "n_layer": layers, "n_head": heads}


def config(size: str, positions: int) -> GPT2Config:
    return GPT2Config.model_validate(settings(size, positions))


def theirs(size: str, positions: int) -> Any:
    """transformers' network in float32, with its own random weights and its fused attention."""
    import torch
    import transformers

    torch.manual_seed(0)
    given = transformers.GPT2Config(**settings(size, positions), attn_implementation="sdpa", eos_token_id=None)
    return transformers.GPT2LMHeadModel(given).eval()


def ours(network: Any, config: GPT2Config) -> GPT2:
    """The same network on the same memory."""
    tensors = {name: tensor.numpy() for name, tensor in network.transformer.state_dict().items()}

    def affine(name: str) -> Affine:
        return Affine(tensors[f"{name}.weight"], tensors[f"{name}.bias"])

    def norm(name: str) -> Norm:
        return Norm(tensors[f"{name}.weight"], tensors[f"{name}.bias"])

    def block(name: str) -> Block:
        return Block(
            norm(f"{name}.ln_1"),
            affine(f"{name}.attn.c_attn"),
            affine(f"{name}.attn.c_proj"),
            norm(f"{name}.ln_2"),
            affine(f"{name}.mlp.c_fc"),
            affine(f"{name}.mlp.c_proj"),
        )

    blocks = tuple(block(f"h.{layer}") for layer in range(config.n_layer))
    return GPT2(config, Weights(tensors["wte.weight"], tensors["wpe.weight"], blocks, norm("ln_f")))


def token_ids(count: int) -> Array:
    return np.random.default_rng(0).integers(0, 50257, (1, count))

"""Random GPT-2 tensors and a tokenizer of bytes, for checkpoints that tests write."""

from __future__ import annotations

from typing import Any

import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

SIZES = {"vocab_size": 257, "n_positions": 96, "n_embd": 32, "n_layer": 2, "n_head": 2}


def random_tensors(config: dict[str, Any], seed: int = 0) -> dict[str, np.ndarray]:
    """Tensors of a GPT-2 under Hugging Face's names, without prefix, large enough that every part matters."""
    rng = np.random.default_rng(seed)
    width = config["n_embd"]

    def draw(*shape: int, scale: float = 0.2) -> np.ndarray:
        return rng.normal(0, scale, shape).astype(np.float32)

    tensors = {"wte.weight": draw(config["vocab_size"], width), "wpe.weight": draw(config["n_positions"], width)}
    for layer in range(config["n_layer"]):
        shapes = {"attn.c_attn": (width, 3 * width), "attn.c_proj": (width, width),
                  "mlp.c_fc": (width, 4 * width), "mlp.c_proj": (4 * width, width)}  # fmt: skip
        for name, shape in shapes.items():
            tensors |= {f"h.{layer}.{name}.weight": draw(*shape), f"h.{layer}.{name}.bias": draw(shape[1])}
    norms = ["ln_f", *(f"h.{layer}.{name}" for layer in range(config["n_layer"]) for name in ("ln_1", "ln_2"))]
    for name in norms:
        tensors |= {f"{name}.weight": 1 + draw(width), f"{name}.bias": draw(width)}
    return tensors


def byte_tokenizer() -> Tokenizer:
    """One token a byte, and the end of text: 257 in all."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={token: number for number, token in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>", special=True)])
    return tokenizer

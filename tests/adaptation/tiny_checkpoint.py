"""A linear-hardware checkpoint with random weights, written as the embedded ones are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from gaincell_char.attention.scalers import Scalers, save_scalers

LAYERS, HEADS, EMBEDDING, POSITIONS = 2, 2, 128, 96


def write_checkpoint(folder: Path, attention: str = "linear-hardware", scalers: bool = True) -> Path:
    folder.mkdir()
    config: dict[str, Any] = {"model_type": "gpt2", "vocab_size": 257, "n_positions": POSITIONS, "n_embd": EMBEDDING,
                              "n_layer": LAYERS, "n_head": HEADS, "gaincell": {"attention": attention}}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    save_file(_tensors(), folder / "model.safetensors")
    _tokenizer().save(str(folder / "tokenizer.json"))
    if scalers:
        save_scalers(working_scalers(), folder / "scalers.safetensors")
    return folder


def working_scalers() -> Scalers:
    """Scalers that put random heads in their working range: sparse scores, outputs of order one."""
    rng = np.random.default_rng(5)
    around = {"q": (0.25, 0.2), "k": (0.12, 0.44), "v": (0.12, 0.45), "out": (6.0, 0.0)}
    return [
        {n: (a * rng.uniform(0.8, 1.2, HEADS), b + rng.uniform(-0.02, 0.02, HEADS)) for n, (a, b) in around.items()}
        for _ in range(LAYERS)
    ]


def _tensors() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)

    def draw(*shape: int, scale: float) -> np.ndarray:
        return rng.normal(0, scale, shape).astype(np.float32)

    c = EMBEDDING
    tensors = {"wte.weight": draw(257, c, scale=0.25), "wpe.weight": draw(POSITIONS, c, scale=0.25)}
    for layer in range(LAYERS):
        shapes = {"attn.c_attn": (c, 3 * c), "attn.c_proj": (c, c), "mlp.c_fc": (c, 4 * c), "mlp.c_proj": (4 * c, c)}
        for name, (n_in, n_out) in shapes.items():
            tensors[f"h.{layer}.{name}.weight"] = draw(n_in, n_out, scale=1 / np.sqrt(n_in))
            tensors[f"h.{layer}.{name}.bias"] = np.zeros(n_out, np.float32)
    for name in ("ln_f", *(f"h.{layer}.{norm}" for layer in range(LAYERS) for norm in ("ln_1", "ln_2"))):
        tensors |= {f"{name}.weight": np.ones(c, np.float32), f"{name}.bias": np.zeros(c, np.float32)}
    return tensors


def _tokenizer() -> Tokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={token: number for number, token in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>", special=True)])
    return tokenizer

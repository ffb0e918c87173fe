"""Publishing a checkpoint: a Hugging Face style folder with float16 weights, tokenizer, scalers, training record."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from gaincell_char.training.model import GPT, ModelConfig


def half_state(model: GPT) -> dict[str, Tensor]:
    """The network's weights in float16, without the scalers, under GPT-2's names (`transformer.wte.weight`, ...)."""
    return {
        f"transformer.{name}": tensor.detach().to(torch.float16).contiguous()
        for name, tensor in model.state_dict().items()
        if ".attn.attention." not in name
    }


def scaler_state(model: GPT) -> dict[str, Tensor]:
    """float32 tensors `layers.{i}.{q|k|v|out}.{a|b}`, each (n_head,)."""
    tensors = {}
    for number, block in enumerate(model.blocks):
        for part in ("a", "b"):
            for name, value in getattr(block.attn.attention, part).items():
                tensors[f"layers.{number}.{name}.{part}"] = value.detach().float().clone()
    return tensors


@torch.no_grad()
def rounded_to_half(model: GPT) -> None:
    """Round the network's weights to float16 in place: what is published is what is evaluated."""
    for name, parameter in model.named_parameters():
        if ".attn.attention." not in name:
            parameter.copy_(parameter.to(torch.float16).to(parameter.dtype))


@torch.no_grad()
def read_weights(model: GPT, folder: Path) -> None:
    """Fill `model` from a published folder: its weights and, for a hardware model, its scalers."""
    stored = load_file(folder / "model.safetensors")
    for name, parameter in model.named_parameters():
        if ".attn.attention." not in name:
            parameter.copy_(stored[f"transformer.{name}"].float())
    scalers = folder / "scalers.safetensors"
    if not scalers.exists():
        return
    values = load_file(scalers)
    for number, block in enumerate(model.blocks):
        for part in ("a", "b"):
            for name, value in getattr(block.attn.attention, part).items():
                value.copy_(values[f"layers.{number}.{name}.{part}"])


def config_json(config: ModelConfig, attention: str, end_of_text: int) -> dict[str, Any]:
    """GPT2Config's fields, and which attention the weights were trained for."""
    return {
        "model_type": "gpt2",
        "architectures": ["GPT2LMHeadModel"],
        "n_layer": config.n_layer,
        "n_head": config.n_head,
        "n_embd": config.n_embd,
        "n_inner": None,
        "n_positions": config.n_positions,
        "n_ctx": config.n_positions,
        "vocab_size": config.vocab_size,
        "activation_function": "gelu_new",
        "layer_norm_epsilon": 1e-5,
        "initializer_range": 0.02,
        "attn_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "resid_pdrop": 0.0,
        "scale_attn_weights": True,
        "tie_word_embeddings": True,
        "bos_token_id": end_of_text,
        "eos_token_id": end_of_text,
        "dtype": "float16",
        "gaincell": {"attention": attention},
    }


def publish(
    model: GPT, folder: Path, tokenizer: Path, attention: str, end_of_text: int, record: Mapping[str, Any]
) -> None:
    """Write the checkpoint `folder`; each file is complete or absent at any moment.

    Args:
        attention: "software" or "linear-hardware"; the latter gets its `scalers.safetensors`.
        record: what becomes `training.json`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / ".new"
    new.mkdir(exist_ok=True)
    save_file(half_state(model), new / "model.safetensors", metadata={"format": "pt"})
    if attention != "software":
        metadata = {"format": "gaincell-scalers", "version": "1", "cell": "linear"}
        save_file(scaler_state(model), new / "scalers.safetensors", metadata=metadata)
    shutil.copyfile(tokenizer, new / "tokenizer.json")
    config = config_json(model.config, attention, end_of_text)
    (new / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (new / "training.json").write_text(json.dumps(record, indent=1) + "\n")
    for path in sorted(new.iterdir()):
        path.chmod(0o644)
        path.replace(folder / path.name)
    new.rmdir()

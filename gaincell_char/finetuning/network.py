"""The network that is trained, as torch has it: weights in, a Hugging Face directory out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from gaincell_char.attention.scalers import save_scalers
from gaincell_char.finetuning.attention import scalers_of
from gaincell_char.gpt2 import GPT2, GPT2Config
from gaincell_char.gpt2.weights import Archive
from gaincell_char.keys import publish
from gaincell_char.training.model import GPT, ModelConfig

RECORD = "training.json"
TOKENIZER_FILES = ("tokenizer.json", "vocab.json", "merges.txt")
"""`tokenizer.json` alone, or the other two; what is there is copied."""


def torch_config(config: GPT2Config) -> ModelConfig:
    """Sizes of a checkpoint, as the torch network takes them."""
    fields = ("vocab_size", "n_positions", "n_embd", "n_layer", "n_head", "n_inner", "layer_norm_epsilon")
    return ModelConfig(**{name: getattr(config, name) for name in fields})


@torch.no_grad()
def read_weights(network: GPT, folder: Path) -> None:
    """Fill `network` with the weights of a checkpoint that `load_gpt2` has read, scalers aside."""
    archive = Archive(folder / "model.safetensors")
    prefix = "transformer." if "transformer.wte.weight" in archive else ""
    for name, parameter in _weights(network).items():
        parameter.copy_(torch.from_numpy(archive.read(prefix + name, "float32").copy()))


def write_checkpoint(network: GPT, lm: GPT2, folder: Path, attention: str, record: Mapping[str, Any]) -> None:
    """Publish `network`, a fine-tuned `lm`, as a directory that `load_gpt2` reads; `record`, its training, comes last.

    Weights are float32. `attention`: "software", "linear-hardware" or "nonlinear-hardware"; the latter two have
    scalers. Raises `EnvironmentFault` where a file cannot be written.
    """
    assert lm.folder is not None  # `fine_tune` loads it from one
    for name in TOKENIZER_FILES:
        if (lm.folder / name).is_file():
            publish(folder / name, (lm.folder / name).read_bytes())
    config = json.loads((lm.folder / "config.json").read_text(encoding="utf-8"))
    config |= {"dtype": "float32", "gaincell": {"attention": attention}}
    config.pop("torch_dtype", None)
    publish(folder / "config.json", (json.dumps(config, indent=2) + "\n").encode())
    tensors = {f"transformer.{name}": tensor.cpu().contiguous() for name, tensor in _weights(network).items()}
    publish(folder / "model.safetensors", save(tensors, metadata={"format": "pt"}))
    if attention != "software":
        save_scalers(scalers_of(network), folder / "scalers.safetensors")
    publish(folder / RECORD, (json.dumps(record, indent=1) + "\n").encode())


def decayed_groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Parameter groups of AdamW: matrices and embeddings decay, vectors and scalers do not."""
    parameters = list(network.parameters())
    return [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]


def _weights(network: GPT) -> dict[str, Tensor]:
    return {name: p.detach() for name, p in network.named_parameters() if ".attn.attention." not in name}

"""A checkpoint of a few thousand weights, and a text for it."""

from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from gaincell_char.training.calibration import calibrate_scalers
from gaincell_char.training.export import publish
from gaincell_char.training.hardware import HardwareAttention
from gaincell_char.training.model import GPT, ModelConfig

CONFIG = ModelConfig(vocab_size=257, n_positions=96, n_embd=64, n_layer=2, n_head=2)


def write_checkpoint(folder: Path, attention: str = "software") -> Path:
    """Random weights; "linear-hardware" has scalers in their working range."""
    torch.manual_seed(0)
    software = GPT(CONFIG)
    network = software
    if attention != "software":
        network = GPT(CONFIG, [HardwareAttention(CONFIG.n_head, compute=torch.float32) for _ in range(CONFIG.n_layer)])
        network.load_state_dict(software.state_dict(), strict=False)
        calibrate_scalers(network, software, torch.randint(0, 256, (2, 64)))
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={token: number for number, token in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>", special=True)])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder.parent / "tokenizer.json"))
    publish(network, folder, folder.parent / "tokenizer.json", attention, 256, {})
    (folder / "training.json").unlink()
    return folder


def write_text(path: Path, lines: int = 120) -> Path:
    path.write_text("".join(f"value_{number % 7} = {number % 5} + {number % 3}\n" for number in range(lines)))
    return path

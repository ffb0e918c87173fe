"""What an update of a fine-tuning takes: `python benchmarks/finetune_step.py --help`.

Random weights, one sequence at once. Time: processor seconds of forward and backward, the least of the repeats, and
those of AdamW's update. Memory: what the graph keeps for the backward pass (counted, so the same on any device; what
is kept twice counts once), and weights with gradients and AdamW's two moments.
"""

from __future__ import annotations

import argparse
import time

import torch
import torch.nn.functional as F
from random_gpt2 import SIZES
from torch import Tensor

from gaincell_char.behavior import load_model
from gaincell_char.finetuning.attention import cell_attention
from gaincell_char.training.model import GPT, ModelConfig

LENGTH = 1024
EMBEDDED = "embedded"
SOFTWARE = "software"


def network(size: str, model: str, fast: bool) -> GPT:
    """Random weights; scalers at their published start."""
    torch.manual_seed(0)
    if size == EMBEDDED:
        config = ModelConfig()
    else:
        layers, heads, width = SIZES[size]
        config = ModelConfig(50257, LENGTH, width, layers, heads)
    if model == SOFTWARE:
        return GPT(config)
    attentions = [cell_attention(load_model(model), config.n_head, LENGTH, fast=fast) for _ in range(config.n_layer)]
    return GPT(config, attentions)


def step(own: GPT, ids: Tensor) -> None:
    """Forward and backward of ids (B, T), bfloat16 products."""
    with torch.autocast("cpu", torch.bfloat16):
        logits = own(ids)[:, :-1]
    torch.autograd.backward(F.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten()))


def kept_bytes(own: GPT, ids: Tensor) -> int:
    """What the graph of one step keeps, weights aside."""
    weights = {parameter.untyped_storage().data_ptr() for parameter in own.parameters()}
    seen: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        seen[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        step(own, ids)
    return sum(x.untyped_storage().nbytes() for place, x in seen.items() if place not in weights)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=[EMBEDDED, *SIZES], default=EMBEDDED)
    parser.add_argument("--model", nargs="+", default=[SOFTWARE, "leroux2025_linear", "leroux2025", "cmos28"])
    parser.add_argument("--general", action="store_true", help="attention as on a GPU, for every cell")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for model in options.model:
        own = network(options.size, model, not options.general)
        ids = torch.randint(0, own.config.vocab_size, (1, LENGTH))
        kept = kept_bytes(own, ids)
        optimizer = torch.optim.AdamW(own.parameters())
        seconds = []
        for _ in range(options.repeats):
            begun = time.process_time()
            step(own, ids)
            middle = time.process_time()
            optimizer.step()
            seconds.append((middle - begun, time.process_time() - middle))
        count = sum(parameter.numel() for parameter in own.parameters())
        forward, update = (min(each) for each in zip(*seconds, strict=True))
        print(
            f"{options.size} {model}: {count / 1e6:.1f} M weights ({16 * count / 2**20:.0f} MiB with gradients and "
            f"moments), {forward:.2f} s a sequence, {LENGTH / forward:.0f} tokens/s, update {update:.2f} s, "
            f"graph {kept / 2**20:.0f} MiB a sequence",
            flush=True,
        )


if __name__ == "__main__":
    main()

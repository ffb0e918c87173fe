"""3000 tokens one by one through the analog ring cache, against one windowed pass: `python benchmarks/ring_cache.py`.

A network of two layers with random weights, float64, window 1024 in a ring of tiles, quantizers on, decay on: the age
of a token is its distance times the model's token period (0.8 us), so the oldest cell is 0.8 ms old. A counter that met
a tie would round differently in the two ways and show as a step of a whole count.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
import torch
import transformers
from random_gpt2 import ours, token_ids

import gaincell_char as gc
from gaincell_char.attention import AnalogAttention
from gaincell_char.gpt2.config import GPT2Config
from gaincell_char.gpt2.network import GPT2

TOKENS, WINDOW = 3000, 1024


def network() -> GPT2:
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"vocab_size": 257, "n_positions": TOKENS, "n_embd": 64, "n_layer": 2, "n_head": 2}
    sizes |= {"bos_token_id": 0, "eos_token_id": 0}
    made = transformers.GPT2LMHeadModel(transformers.GPT2Config(**sizes)).double().eval()
    return ours(made, GPT2Config.model_validate(sizes))


def main() -> None:
    warnings.simplefilter("ignore")
    lm, model = network(), gc.load_model("leroux2025")
    ids = token_ids(TOKENS) % 257
    for tiles in ("ring", "absolute"):
        for quantize in (True, False):
            attention = AnalogAttention(model, window=WINDOW, tiles=tiles, quantize=quantize)
            whole, cache = lm.logits(ids, attention), lm.new_cache()
            begin = time.process_time()
            steps = np.concatenate([lm.logits(ids[:, [i]], attention, cache) for i in range(TOKENS)], axis=1)
            spent = time.process_time() - begin
            print(
                f"{tiles}, quantizers {'on' if quantize else 'off'}: step logits and one pass apart by "
                f"{np.abs(steps - whole).max():.1e} (logits up to {np.abs(whole).max():.1f}); "
                f"{1e3 * spent / TOKENS:.2f} ms of processor time a token"
            )


if __name__ == "__main__":
    main()

"""Tokens a second with a full window, against transformers' generate: `python benchmarks/decode.py --help`.

A GPT-2 small with random weights and 4096 positions writes tokens after `position` tokens; what they left in the caches
is random too. Analog attention sees the last 1024 tokens, with decay and quantizers; transformers sees all, or the last
1024 where the position is 1024. Both take turns on the same weights; threads are those of OMP_NUM_THREADS.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from random_gpt2 import config, ours, theirs, token_ids
from transformers import DynamicCache

import gaincell_char as gc
from gaincell_char.attention import AnalogAttention, KVCache
from gaincell_char.gpt2.network import GPT2

POSITIONS, WINDOW, CHUNK = 4096, 1024, 512


def analog(lm: GPT2, attention: AnalogAttention, position: int, count: int) -> Callable[[], None]:
    """Writes `count` tokens; the cache is filled now."""
    sizes, cache = lm.config, KVCache(lm.config.n_layer)
    draw = np.random.default_rng(0)
    for first in range(0, position, CHUNK):
        shape = 1, sizes.n_head, min(CHUNK, position - first), sizes.head_width
        for layer in range(sizes.n_layer):
            k, v = (draw.integers(0, 8, shape).astype(np.float32) * np.float32(0.9 / 7) for _ in range(2))
            cache.append(layer, k, v, WINDOW)

    lm.hidden(np.zeros((1, 1), np.int64), attention, cache)  # makes room, once for a thousand tokens

    def call() -> None:
        newest = np.zeros((1, 1), np.int64)
        for _ in range(count):
            newest = lm.head(lm.hidden(newest, attention, cache)[:, -1]).argmax(axis=1)[:, np.newaxis]

    return call


def software(network: Any, position: int, count: int) -> Callable[[], None]:
    """The same with transformers."""
    sizes, cache = network.config, DynamicCache()
    shape = 1, sizes.n_head, position, sizes.n_embd // sizes.n_head
    for layer in range(sizes.n_layer):
        cache.update(torch.randn(shape), torch.randn(shape), layer)
    prompt = torch.from_numpy(token_ids(position + 1))

    def call() -> None:
        with torch.inference_mode():
            network.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                past_key_values=cache,
                max_new_tokens=count,
                min_new_tokens=count,
                do_sample=False,
                pad_token_id=0,
            )

    return call


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=16, help="written in a round")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    network = theirs("gpt2", POSITIONS)
    lm = ours(network, config("gpt2", POSITIONS))
    attention = AnalogAttention(gc.load_model("leroux2025"), window=WINDOW)
    names = [(who, position) for position in (1024, 4000) for who in ("ours", "transformers")]
    walls: dict[tuple[str, int], list[float]] = {name: [] for name in names}
    processors: dict[tuple[str, int], list[float]] = {name: [] for name in names}
    for round_ in range(arguments.repeats + 1):
        for who, position in names:
            if who == "ours":
                call = analog(lm, attention, position, arguments.tokens)
            else:
                call = software(network, position, arguments.tokens)
            wall, processor = time.perf_counter(), time.process_time()
            call()
            if round_:
                walls[who, position].append((time.perf_counter() - wall) / arguments.tokens)
                processors[who, position].append((time.process_time() - processor) / arguments.tokens)
    print(f"GPT-2 small, random, float32; {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}")
    for name in names:
        wall, processor = np.median(walls[name]), np.median(processors[name])
        print(
            f"{name[0]:13}at {name[1]}: {1e3 * wall:6.1f} ms a token ({1 / wall:5.1f} a second), best "
            f"{1e3 * min(walls[name]):6.1f}; processor {1e3 * processor:6.1f}, best {1e3 * min(processors[name]):6.1f}"
        )
    for position in (1024, 4000):
        ratio = np.median(walls["transformers", position]) / np.median(walls["ours", position])
        best = min(processors["transformers", position]) / min(processors["ours", position])
        print(f"tokens a second, ours to theirs at {position}: {ratio:.2f} (best processor time {best:.2f})")
    flat = np.median(walls["ours", 4000]) / np.median(walls["ours", 1024])
    best = min(processors["ours", 4000]) / min(processors["ours", 1024])
    print(f"ours at 4000 to 1024: {flat:.3f} (best processor time {best:.3f})")


if __name__ == "__main__":
    main()

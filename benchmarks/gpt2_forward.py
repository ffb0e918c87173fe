"""A GPT-2 over 1024 tokens with analog attention against transformers: `python benchmarks/gpt2_forward.py --help`.

Time: hidden states of all tokens and the logits of the last one, random float32 weights in shared memory, both in turn;
threads are those of OMP_NUM_THREADS. Peak memory: each in a process of its own, from the moment the weights are there.
"""

from __future__ import annotations

import argparse
import gc as gc_memory
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from random_gpt2 import SIZES, config, ours, theirs, token_ids

import gaincell_char as gc
from gaincell_char.attention import AnalogAttention

POSITIONS = 1024


def calls(size: str) -> dict[str, Callable[[], object]]:
    network = theirs(size, POSITIONS)
    lm = ours(network, config(size, POSITIONS))
    attention = AnalogAttention(gc.load_model("leroux2025"))
    ids = token_ids(POSITIONS)
    prompt = torch.from_numpy(ids)

    def software() -> object:
        with torch.inference_mode():
            return network(prompt, use_cache=False, logits_to_keep=1).logits

    return {
        "ours, analog": lambda: lm.head(lm.hidden(ids, attention)[:, -1]),
        "ours, softmax": lambda: lm.head(lm.hidden(ids)[:, -1]),
        "transformers, sdpa": software,
    }


def peak_of(size: str, name: str) -> float:
    """Peak resident memory, in MB, of a process while it runs `name` once; the weights are there before."""
    own = [sys.executable, __file__, "--size", size, "--only", name]
    return float(subprocess.run(own, check=True, capture_output=True, text=True).stdout.split()[-1])


def forget_peak() -> None:
    """What making the weights took does not count: the kernel's record starts again."""
    gc_memory.collect()
    Path("/proc/self/clear_refs").write_text("5")


def peak_MB() -> float:
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=list(SIZES), default="gpt2")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", help="run this contestant once and print the peak memory of the process in MB")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    contestants = calls(arguments.size)
    if arguments.only is not None:
        forget_peak()
        contestants[arguments.only]()
        print(peak_MB())
        return
    walls: dict[str, list[float]] = {name: [] for name in contestants}
    processors: dict[str, list[float]] = {name: [] for name in contestants}
    for round_ in range(arguments.repeats + 1):
        for name, call in contestants.items():
            wall, processor = time.perf_counter(), time.process_time()
            call()
            if round_:
                walls[name].append(time.perf_counter() - wall)
                processors[name].append(time.process_time() - processor)
    print(f"{arguments.size}, random, float32, {POSITIONS} tokens; {torch.get_num_threads()} threads, ", end="")
    print(f"load {os.getloadavg()[0]:.1f}")
    last = "transformers, sdpa"
    for name in contestants:
        wall, processor, memory = np.median(walls[name]), min(processors[name]), peak_of(arguments.size, name)
        print(
            f"{name:20} {wall:6.2f} s ({wall / np.median(walls[last]):.2f} of transformers), best processor time "
            f"{processor:6.2f} s ({processor / min(processors[last]):.2f}), peak {memory:6.0f} MB"
        )


if __name__ == "__main__":
    main()

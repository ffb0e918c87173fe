"""How long one layer's attention takes against what a NumPy user has: `python benchmarks/attention.py --help`.

The contestants take turns, so that a busy machine slows all of them; the load average is printed with the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

import gaincell_char as gc
from gaincell_char.attention.chain import chain
from gaincell_char.attention.reference import reference_attention
from gaincell_char.attention.scalers import default_layer
from gaincell_char.gpt2.softmax import causal_softmax

Array = NDArray[np.float32]


def textbook_softmax(q: Array, k: Array, v: Array) -> Array:
    """softmax(q k^T / sqrt(D)) v with a causal mask, written as everyone writes it."""
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(np.float32(q.shape[-1]))
    scores = np.where(np.tri(q.shape[2], dtype=bool), scores, np.float32(-np.inf))
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    mixed: Array = weights @ v
    return mixed


def contestants(q: Array, k: Array, v: Array, *, slow: bool) -> dict[str, Callable[[], object]]:
    """Name -> a call of one layer."""
    nonlinear, linear = gc.load_model("leroux2025"), gc.load_model("leroux2025_linear")
    scalers = default_layer(q.shape[1])
    calls: dict[str, Callable[[], object]] = {
        "NumPy softmax, textbook": lambda: textbook_softmax(q, k, v),
        "NumPy softmax, blocked (gpt2/softmax.py)": lambda: causal_softmax(q, k, v),
        "nonlinear, decay, quantizers": lambda: gc.analog_attention(q, k, v, nonlinear),
        "nonlinear, no decay, quantizers": lambda: gc.analog_attention(q, k, v, nonlinear, decay=False),
        "nonlinear, bfloat16 decay, quantizers": lambda: gc.analog_attention(
            q, k, v, nonlinear, decay_dtype="bfloat16"
        ),
        "linear, decay, quantizers": lambda: gc.analog_attention(q, k, v, linear),
    }
    if slow:
        calls["plain transcription (float64)"] = lambda: reference_attention(q, k, v, chain(nonlinear), scalers)
    return calls


def measure(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, dict[str, float]]:
    """Name -> median and best wall time and median processor time, in ms, over `repeats` rounds."""
    walls: dict[str, list[float]] = {name: [] for name in calls}
    processors: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            wall, processor = time.perf_counter(), time.process_time()
            call()
            walls[name].append(1e3 * (time.perf_counter() - wall))
            processors[name].append(1e3 * (time.process_time() - processor))
    return {
        name: {
            "wall_median_ms": float(np.median(walls[name])),
            "wall_best_ms": min(walls[name]),
            "processor_median_ms": float(np.median(processors[name])),
        }
        for name in calls
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--slow", action="store_true", help="also the plain transcription")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    rng = np.random.default_rng(0)
    shape = (1, arguments.heads, arguments.tokens, 64)
    q, k, v = (rng.normal(0.0, 0.2, shape).astype(np.float32) for _ in range(3))
    figures = measure(contestants(q, k, v, slow=arguments.slow), arguments.repeats)
    baseline = figures["NumPy softmax, textbook"]["wall_median_ms"]
    if arguments.json:
        print(json.dumps({"load": os.getloadavg()[0], "shape": shape, "figures": figures}, indent=2))
        return
    cores = len(os.sched_getaffinity(0))
    print(f"{shape} float32, {cores} cores, load average {os.getloadavg()[0]:.1f}, {arguments.repeats} rounds")
    print(f"{'':44}{'median':>10}{'best':>10}{'processor':>11}{'ratio':>8}")
    for name, figure in figures.items():
        wall, best, processor = figure.values()
        print(f"{name:44}{wall:7.0f} ms{best:7.0f} ms{processor:8.0f} ms{wall / baseline:8.2f}")


if __name__ == "__main__":
    main()

"""How long a layer takes at circuit fidelity against paper fidelity: `python benchmarks/circuit_fidelity.py --help`.

Every step of the loss waterfall, and every effect alone, in one run; they take turns, so that a busy machine slows all
of them. The layers are those of the embedded network on held-out code, or random numbers: a trained network's pulses
are mostly 0, which circuit fidelity makes use of. Set OMP_NUM_THREADS=1 and OPENBLAS_NUM_THREADS=1 for one thread.
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
from gaincell_char.adaptation import trained_scalers
from gaincell_char.attention import AnalogAttention
from gaincell_char.attention.effects import measured_effects
from gaincell_char.behavior import BehavioralModel
from gaincell_char.evaluation import circuit_steps, held_out_ids
from gaincell_char.gpt2 import GPT2, load_gpt2

Array = NDArray[np.float32]
Layer = tuple[int, Array, Array, Array]


def trained_layers(lm: GPT2, model: BehavioralModel, tokens: int) -> list[Layer]:
    """What the network gives to the attention of each of its layers for one text."""
    seen: list[Layer] = []
    analog = AnalogAttention(model, trained_scalers(lm))

    def attention(layer: int, q: Array, k: Array, v: Array, cache: object = None) -> Array:
        seen.append((layer, q.copy(), k.copy(), v.copy()))
        return analog(layer, q, k, v)

    lm.hidden(held_out_ids(lm.tokenizer, 1, tokens), attention)
    return seen


def random_layer(heads: int, tokens: int) -> list[Layer]:
    rng = np.random.default_rng(0)
    q, k, v = (rng.normal(0.0, 0.2, (1, heads, tokens, 64)).astype(np.float32) for _ in range(3))
    return [(0, q, k, v)]


def contestants(model: BehavioralModel, layers: list[Layer], scalers: object) -> dict[str, Callable[[], object]]:
    """Name -> a call of all layers: paper fidelity, what the waterfall adds step by step, every effect alone."""
    attentions = {"paper fidelity": AnalogAttention(model, scalers)}  # type: ignore[arg-type]
    attentions |= {f"up to {step.name}": step.attention(scalers) for step in circuit_steps(model)}  # type: ignore[arg-type]
    attentions |= {
        f"{effect} alone": AnalogAttention(model, scalers, fidelity="circuit", effects=[effect])  # type: ignore[arg-type]
        for effect in measured_effects(model)
    }
    return {
        name: lambda attention=attention: [attention(*layer) for layer in layers]  # type: ignore[misc]
        for name, attention in attentions.items()
    }


def measure(calls: dict[str, Callable[[], object]], repeats: int, layers: int) -> dict[str, dict[str, float]]:
    """Name -> best and median processor time of a layer, ms, over `repeats` rounds after one that is not counted."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(repeats + 1):
        for name, call in calls.items():
            start = time.process_time()
            call()
            if turn:
                spent[name].append(1e3 * (time.process_time() - start) / layers)
    return {name: {"best_ms": min(times), "median_ms": float(np.median(times))} for name, times in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="cmos28", help="a model with characterized circuits (default: cmos28)")
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--random", type=int, metavar="HEADS", help="one layer of random numbers with so many heads")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()

    model = gc.load_model(given.model)
    if given.random:
        layers, scalers = random_layer(given.random, given.tokens), None
    else:
        lm = load_gpt2("embedded/linear-hardware")
        layers, scalers = trained_layers(lm, model, given.tokens), trained_scalers(lm)
    figures = measure(contestants(model, layers, scalers), given.repeats, len(layers))
    if given.json:
        print(json.dumps({"load": os.getloadavg()[0], "layers": len(layers), "figures": figures}, indent=1))
        return
    shape, threads = layers[0][1].shape, os.environ.get("OPENBLAS_NUM_THREADS", "not set")
    print(f"{shape} float32, {len(layers)} layers, OPENBLAS_NUM_THREADS {threads}, load {os.getloadavg()[0]:.1f}")
    print(f"{'processor time of a layer':34}{'best':>10}{'median':>10}{'ratio of the best':>20}")
    paper = figures["paper fidelity"]["best_ms"]
    for name, figure in figures.items():
        best, median = figure["best_ms"], figure["median_ms"]
        print(f"{name:34}{best:7.1f} ms{median:7.1f} ms{best / paper:20.2f}")


if __name__ == "__main__":
    main()

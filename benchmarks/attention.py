"""How long one layer's attention takes against what a user has otherwise: `python benchmarks/attention.py --help`.

The contestants take turns, so that a busy machine slows all of them; threads, settings of memory and the load average
are printed with the figures. Processor time is beside the wall time for the same reason. The bare matrix products are
those that this attention cannot do without, of its shapes, on arrays that lie ready.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gaincell_char as gc
from gaincell_char.attention.blas import side_by_side, single_threaded
from gaincell_char.attention.chain import chain
from gaincell_char.attention.reference import reference_attention
from gaincell_char.attention.scalers import default_layer
from gaincell_char.behavior.law import PolynomialLaw
from gaincell_char.gpt2.softmax import causal_softmax

Array = NDArray[np.float32]
Calls = dict[str, Callable[[], object]]
TILE, BLOCK = 64, 512
BASELINE = "NumPy softmax, textbook"
PAUSE_S = 0.05
"""Before each call: BLAS's helpers spin after a product, and would slow whoever comes next."""


def textbook_softmax(q: Array, k: Array, v: Array) -> Array:
    """softmax(q k^T / sqrt(D)) v with a causal mask, written as everyone writes it."""
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(np.float32(q.shape[-1]))
    scores = np.where(np.tri(q.shape[2], dtype=bool), scores, np.float32(-np.inf))
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    mixed: Array = weights @ v
    return mixed


def bare_products(heads: int, tokens: int, depth: int) -> Callable[[], object]:
    """Per head, tile of 64 tokens and block of 512 queries that see it: (64 x depth) (depth x queries), twice, with
    heads side by side; depth is 64, or 193 where three orders and the constant are stacked."""
    draw = np.random.default_rng(1)
    tiles = -(-tokens // TILE)
    keys, values = (draw.normal(size=(tiles, depth, TILE)).astype(np.float32) for _ in range(2))
    asked = draw.normal(size=(-(-tokens // BLOCK), depth, BLOCK)).astype(np.float32)

    def one_head(_: int) -> None:
        pulses = np.ones((depth, BLOCK), np.float32)
        scores, sums = np.empty((2, TILE * BLOCK), np.float32)
        for block, q in enumerate(asked):
            for tile in range(min(tiles, (block + 1) * BLOCK // TILE)):
                first = max(0, TILE * tile - BLOCK * block)
                size = BLOCK - first
                np.matmul(keys[tile].T, q[:, first:], out=scores[: TILE * size].reshape(TILE, size))
                stacked = pulses.reshape(-1)[: depth * size].reshape(depth, size)
                np.matmul(values[tile].T, stacked, out=sums[: TILE * size].reshape(TILE, size))

    def call() -> None:
        with side_by_side() as run:
            run(one_head, range(heads))

    return call


def torch_softmax(q: Array, k: Array, v: Array, threads: int) -> Callable[[], object] | None:
    """torch's fused attention, where torch is installed."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(threads)
    a, b, c = (torch.from_numpy(x) for x in (q, k, v))

    def call() -> object:
        with torch.inference_mode():
            return torch.nn.functional.scaled_dot_product_attention(a, b, c, is_causal=True)

    return call


def authors_class(folder: Path, q: Array, k: Array, v: Array, decay: float) -> Callable[[], object]:
    """The nonlinear attention of the paper's authors, `modules/model_gpt_eval.py` of their repository at `folder`."""
    import torch
    import transformers  # noqa: F401  (looks for a torchaudio that is whole)

    # imported there for a noise that is off here
    sys.modules.setdefault("torchaudio", types.ModuleType("torchaudio"))
    sys.path.insert(0, str(folder))
    from modules.model_gpt_eval import DRAMAttention  # type: ignore[import-not-found]

    _, heads, tokens, width = q.shape
    settings = types.SimpleNamespace(
        n_embd=heads * width,
        n_head=heads,
        block_size=tokens,
        sliding_window_size=tokens,
        bias=True,
        dropout=0.0,
        attention="DRAMAttention",
        decay_factor=decay,
        quantization_levels_input=16,
        quantization_levels_weights=8,
        quantization_levels_output=32,
    )
    attention = DRAMAttention(settings).eval()
    tensors = [torch.from_numpy(x) for x in (q, k, v)]

    def call() -> object:
        with torch.inference_mode():
            return attention.attention_forward(*tensors).numpy() / attention.output_scaler.a.detach().numpy()

    return call


def contestants(q: Array, k: Array, v: Array, threads: int) -> Calls:
    """Name -> a call of one layer."""
    nonlinear, linear, ours = (gc.load_model(name) for name in ("leroux2025", "leroux2025_linear", "cmos28"))

    def analog(model: Any, **options: Any) -> Callable[[], object]:
        attention = gc.AnalogAttention(model, **options)
        return lambda: attention(0, q, k, v)

    calls: Calls = {
        BASELINE: lambda: textbook_softmax(q, k, v),
        "NumPy softmax, blocked (gpt2/softmax.py)": lambda: causal_softmax(q, k, v),
        "nonlinear, decay, quantizers": analog(nonlinear),
        "  bare products, depth 193": bare_products(q.shape[1], q.shape[2], 193),
        "nonlinear, no decay, quantizers": analog(nonlinear, decay=False),
        "  bare products, depth 64": bare_products(q.shape[1], q.shape[2], 64),
        "nonlinear, bfloat16 decay, quantizers": analog(nonlinear, decay_dtype="bfloat16"),
        "linear, decay, quantizers": analog(linear),
        "cmos28, measured decay, quantizers": analog(ours),
    }
    fused = torch_softmax(q, k, v, threads)
    if fused is not None:
        calls["torch scaled_dot_product_attention"] = fused
    return calls


def measure(calls: Calls, repeats: int) -> dict[str, dict[str, float]]:
    """Name -> median and best wall time and best processor time, in ms, over `repeats` rounds."""
    walls: dict[str, list[float]] = {name: [] for name in calls}
    processors: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(repeats):
        for name, call in calls.items():
            time.sleep(PAUSE_S)
            wall, processor = time.perf_counter(), time.process_time()
            call()
            walls[name].append(1e3 * (time.perf_counter() - wall))
            processors[name].append(1e3 * (time.process_time() - processor))
    return {
        name: {
            "wall_median_ms": float(np.median(walls[name])),
            "wall_best_ms": min(walls[name]),
            "processor_best_ms": min(processors[name]),
        }
        for name in calls
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--slow", action="store_true", help="also the plain transcription, once")
    parser.add_argument("--authors", type=Path, help="also the class of the paper's authors, from their repository")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    draw = np.random.default_rng(0)
    shape = (1, arguments.heads, arguments.tokens, 64)
    q, k, v = (draw.normal(0.0, 0.2, shape).astype(np.float32) for _ in range(3))
    with single_threaded() as threads:
        pass
    calls = contestants(q, k, v, threads)
    nonlinear = gc.load_model("leroux2025")
    if arguments.authors is not None:
        law = chain(nonlinear).key_law
        assert isinstance(law, PolynomialLaw)
        theirs = authors_class(arguments.authors, q, k, v, law.decay)
        calls["the authors' class (PyTorch)"] = theirs
        apart = np.abs(np.asarray(theirs()) - gc.analog_attention(q, k, v, nonlinear))
        print(f"the authors' result and ours: {np.mean(apart > 1e-3):.1e} of the outputs apart by a counter step")
    figures = measure(calls, arguments.repeats)
    if arguments.slow:
        scalers = default_layer(q.shape[1])
        slow: Calls = {"plain transcription (float64)": lambda: reference_attention(q, k, v, chain(nonlinear), scalers)}
        figures |= measure(slow, 1)
    memory = {name: value for name, value in os.environ.items() if name.startswith(("MALLOC_", "NUMPY_"))}
    setting = {"threads": threads, "memory": memory or "as it comes", "load": round(os.getloadavg()[0], 1)}
    if arguments.json:
        print(json.dumps({"shape": shape, **setting, "figures": figures}, indent=2))
        return
    print(f"{shape} float32, {setting}, {arguments.repeats} rounds")
    print(f"{'':44}{'median':>10}{'best':>10}{'processor':>12}{'ratio':>8}{'of best':>9}{'of proc.':>9}")
    for name, figure in figures.items():
        ratios = [value / figures[BASELINE][column] for column, value in figure.items()]
        times = "".join(f"{value:{width}.1f} ms" for value, width in zip(figure.values(), (7, 7, 9), strict=True))
        print(f"{name:44}{times}" + "".join(f"{ratio:{9 if i else 8}.2f}" for i, ratio in enumerate(ratios)))


if __name__ == "__main__":
    main()

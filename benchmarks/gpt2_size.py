"""Peak memory and time of a GPT-2 XL whose weights lie on the disk in float16: `python benchmarks/gpt2_size.py --help`.

The weights are random and written to a temporary folder (3.1 GB for XL); a process of its own then loads them, reads
1024 tokens with analog attention and gives the logits of the last one. The peak is that of its resident memory, mapped
pages of the file included.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from random_gpt2 import SIZES, settings, token_ids
from safetensors.numpy import save_file

import gaincell_char as gc
from gaincell_char.attention import AnalogAttention

TOKENS = 1024


def write(size: str, folder: Path) -> None:
    """A checkpoint of GPT-2's shapes, normal weights of deviation 0.02."""
    given = settings(size, TOKENS)
    draw, width = np.random.default_rng(0), given["n_embd"]

    def normal(*shape: int) -> np.ndarray:
        values: np.ndarray = draw.standard_normal(shape, np.float32)
        values *= 0.02
        return values.astype(np.float16)

    tensors = {"wte.weight": normal(given["vocab_size"], width), "wpe.weight": normal(TOKENS, width)}
    norms = ["ln_f"]
    for layer in range(given["n_layer"]):
        parts = (("attn.c_attn", 1, 3), ("attn.c_proj", 1, 1), ("mlp.c_fc", 1, 4), ("mlp.c_proj", 4, 1))
        for part, high, wide in parts:
            tensors[f"h.{layer}.{part}.weight"] = normal(high * width, wide * width)
            tensors[f"h.{layer}.{part}.bias"] = np.zeros(wide * width, np.float16)
        norms += [f"h.{layer}.ln_1", f"h.{layer}.ln_2"]
    for norm in norms:
        tensors[f"{norm}.weight"] = np.ones(width, np.float16)
        tensors[f"{norm}.bias"] = np.zeros(width, np.float16)
    save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"model_type": "gpt2", **given}))


def read(folder: Path) -> None:
    """What the measured process does."""
    warnings.simplefilter("ignore")
    wall, processor = time.perf_counter(), time.process_time()
    lm = gc.load_gpt2(folder)
    loaded = time.perf_counter()
    logits = lm.head(lm.hidden(token_ids(TOKENS), AnalogAttention(gc.load_model("leroux2025")))[:, -1])
    assert np.isfinite(logits).all()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(
        f"peak {peak:.2f} GiB ({peak * 1.073741824:.2f} GB), loaded in {loaded - wall:.2f} s, in all "
        f"{time.perf_counter() - wall:.1f} s, processor time {time.process_time() - processor:.1f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=list(SIZES), default="gpt2-xl")
    parser.add_argument("--read", type=Path, help="only read this checkpoint, and print what it took")
    arguments = parser.parse_args()
    if arguments.read is not None:
        read(arguments.read)
        return
    with tempfile.TemporaryDirectory() as folder:
        # in a process of its own: the pages it wrote belong to nobody's peak
        code = f"import gpt2_size, pathlib; gpt2_size.write({arguments.size!r}, pathlib.Path({folder!r}))"
        subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)
        print(f"{arguments.size}, random float16, {TOKENS} tokens, {os.environ.get('OMP_NUM_THREADS', 'all')} threads")
        subprocess.run([sys.executable, __file__, "--read", folder], check=True)


if __name__ == "__main__":
    main()

"""What adaptation leaves of a cell's loss: the embedded linear-hardware network on the published and on our cell.

Prints, for each cell, the loss on held-out code minus the linear model's on the same tokens (nats, paired 95 %)
before adaptation and after both methods, the recall, and the curves: loss after each pass. `paper` starts from a = 1,
b = 0 (with quantizers and decay off: the published curve), `offset-aware` from the trained scalers, and once more from
a = 1, b = 0.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

import gaincell_char as gc
from gaincell_char.adaptation import adapt, calibration_ids, identity, trained_scalers
from gaincell_char.attention import AnalogAttention, Scalers
from gaincell_char.corpus.recall import RecallSet
from gaincell_char.evaluation import Loss, evaluate_loss, evaluate_recall, held_out_ids, recall_programs
from gaincell_char.gpt2 import GPT2

CASES = (("leroux2025", False), ("leroux2025", True), ("cmos28", True))
RUNS = (
    ("paper", "paper", True),
    ("offset-aware", "offset-aware", False),
    ("offset-aware from a = 1, b = 0", "offset-aware", True),
)
DISTANCES = (64, 900)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=12, help="held-out sequences of 1024 tokens")
    options = parser.parse_args()
    lm = gc.load_gpt2("embedded/linear-hardware")
    held_out = held_out_ids(lm.tokenizer, options.sequences, 1024)
    recall = recall_programs(lm.tokenizer, DISTANCES, n=12, seed=0)
    calibration = calibration_ids(lm.tokenizer, 1, 1024)
    trained = trained_scalers(lm)
    for name, everything in CASES:
        linear = loss(lm, held_out, "leroux2025_linear", trained, everything)
        print(f"{name}, quantizers and decay {'on' if everything else 'off'}: linear {linear.mean:.3f} nats")
        report(lm, held_out, recall, linear, name, trained, everything, "before")
        for label, method, start in RUNS:
            done = adapt(
                lm,
                trained,
                gc.load_model(name),
                calibration,
                method=method,
                start=identity(trained) if start else None,
                quantize=everything,
                decay=everything,
            )
            report(lm, held_out, recall, linear, name, done.scalers, everything, label)
            passes = ", ".join(f"{each:.3f}" for each in done.loss)
            print(f"    calibration loss {passes} (linear {done.linear_loss:.3f}); {settled(done.loss)} passes to 0.02")


def loss(lm: GPT2, ids: npt.NDArray[np.int64], model: str, scalers: Scalers, everything: bool) -> Loss:
    attention = AnalogAttention(gc.load_model(model), scalers=scalers, quantize=everything, decay=everything)
    return evaluate_loss(lm, ids, attention)


def report(
    lm: GPT2,
    ids: npt.NDArray[np.int64],
    questions: RecallSet,
    linear: Loss,
    model: str,
    scalers: Scalers,
    everything: bool,
    method: str,
) -> None:
    over = loss(lm, ids, model, scalers, everything).minus(linear)
    attention = AnalogAttention(gc.load_model(model), scalers=scalers, quantize=everything, decay=everything)
    found = evaluate_recall(lm, questions, attention)
    shares = ", ".join(f"{100 * share:.0f} % at {distance}" for distance, share in found.items())
    spread = "" if over.high is None else f" +- {over.high - over.mean:.3f}"
    print(f"  {method}: {over.mean:+.3f}{spread}; recall {shares}", flush=True)


def settled(losses: Sequence[float]) -> int:
    """The pass from which on every loss is within 0.02 of the last."""
    off = np.flatnonzero(np.abs(np.asarray(losses) - losses[-1]) > 0.02)
    return int(off[-1]) + 1 if off.size else 0


if __name__ == "__main__":
    main()

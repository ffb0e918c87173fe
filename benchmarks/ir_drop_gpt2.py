"""IR drop inside the embedded GPT-2: `python benchmarks/ir_drop_gpt2.py --help`.

The same sequences of held-out code through ideal wires and through the fast and the exact tier, at wires as designed or
stressed, with every effect that the model has but those that are drawn. What ignoring the wires costs is ideal against
exact; what the fast tier leaves of it is fast against exact. Two comparisons:

    layers    every layer gets what it gets in the exact network; counts of a step of the output that differ
    network   the loss of the three networks. A counter's step is coarse beside what wires take, and a count that
              differs in an early layer moves others after it, whatever moved it: token by token, two networks that
              differ little are as far apart as two that differ more

Exact takes minutes of processor time a sequence of 256 tokens; progress goes to stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gaincell_char as gc
from gaincell_char.adaptation import trained_scalers
from gaincell_char.attention import AnalogAttention, KVCache
from gaincell_char.attention.effects import measured_effects
from gaincell_char.behavior import BehavioralModel
from gaincell_char.evaluation import held_out_ids, paired_interval
from gaincell_char.gpt2 import GPT2, load_gpt2
from gaincell_char.pipeline.work import check_weights

WEIGHTS = "embedded/linear-hardware"
Array = NDArray[np.floating[Any]]
TIERS = ("ideal", "fast", "exact")


def with_wires(model: BehavioralModel, bl_ohm: float, rail_ohm: float) -> BehavioralModel:
    assert model.array is not None
    wires = model.array.wires.model_copy(update={"bl_resistance_ohm": bl_ohm, "rail_resistance_ohm": rail_ohm})
    return model.model_copy(update={"array": model.array.model_copy(update={"wires": wires})})


def attentions(lm: GPT2, model: BehavioralModel) -> dict[str, AnalogAttention]:
    effects = [name for name in measured_effects(model) if name not in ("mismatch", "noise", "ir-drop")]
    scalers = trained_scalers(lm)
    ideal = AnalogAttention(model, scalers, fidelity="circuit", effects=effects)
    wired = {
        tier: AnalogAttention(model, scalers, fidelity="circuit", effects=[*effects, "ir-drop"], ir_drop=tier)
        for tier in ("fast", "exact")
    }
    return {"ideal": ideal, **wired}


class Layers:
    """The exact attention, which also sees what the other tiers make of the same q, k, v."""

    def __init__(self, tiers: dict[str, AnalogAttention]) -> None:
        self._tiers = tiers
        self.steps: dict[str, list[NDArray[np.float64]]] = {tier: [] for tier in tiers if tier != "exact"}

    def __call__(self, layer: int, q: Array, k: Array, v: Array, cache: KVCache | None = None) -> Array:
        exact = self._tiers["exact"](layer, q, k, v, cache)
        scalers = self._tiers["exact"].scalers
        assert scalers is not None
        step = 2 / 31 * np.asarray(scalers[layer]["out"][0])[:, np.newaxis, np.newaxis]
        for tier, apart in self.steps.items():
            apart.append(np.abs(self._tiers[tier](layer, q, k, v) - exact) / step)
        print(f"  exact: layer {layer}", file=sys.stderr)
        return exact

    def differ(self, tier: str) -> dict[str, float]:
        """Mean of |steps| apart, and the share of the outputs that are."""
        apart = np.concatenate([steps.ravel() for steps in self.steps[tier]])
        return {"steps": float(apart.mean()), "share": float(np.mean(apart > 0.5))}


def compare(lm: GPT2, model: BehavioralModel, ids: NDArray[np.integer[Any]]) -> dict[str, Any]:
    """Losses of the three networks, and how far their layers are apart."""
    tiers, start = attentions(lm, model), time.process_time()
    layers = Layers(tiers)
    nats = {
        tier: np.concatenate(
            [lm.token_losses(one[np.newaxis], layers if tier == "exact" else attention) for one in ids]
        )
        for tier, attention in tiers.items()
    }
    figures: dict[str, Any] = {"loss": {tier: float(found.mean()) for tier, found in nats.items()}}
    for tier in ("ideal", "fast"):
        between = paired_interval(nats[tier], nats["exact"])
        moved = float(np.abs(nats[tier] - nats["exact"]).mean())
        figures[tier] = {"nats": between.mean, "token_nats": moved, **layers.differ(tier)}
    return {**figures, "seconds": time.process_time() - start}


def lines(figures: Sequence[dict[str, Any]]) -> list[str]:
    """The table, as docs have it."""
    found = [
        "| bit line / rail, ohm | nats: ideal / fast / exact | ideal - exact | fast - exact "
        "| a token's loss moves by, mean | layers: mean steps apart | outputs that differ |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in figures:
        ideal, fast = row["ideal"], row["fast"]
        nats = " / ".join(f"{row['loss'][tier]:.4f}" for tier in TIERS)
        tokens, steps, share = (
            f"{ideal[key]:.4f} / {fast[key]:.4f} = {fast[key] / ideal[key]:.3f}"
            for key in ("token_nats", "steps", "share")
        )
        found.append(
            f"| {row['bl_ohm']:g} / {row['rail_ohm']:g} | {nats} | {ideal['nats']:+.4f} | {fast['nats']:+.4f} "
            f"| {tokens} | {steps} | {share} |"
        )
    return found


def pair(text: str) -> tuple[float, float]:
    bl, rail = text.split(",")
    return float(bl), float(rail)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="cmos28", help="a model with an array section (default: cmos28)")
    parser.add_argument("--wires", type=pair, nargs="+", default=[(10.0, 5.0)], metavar="BL,RAIL", help="ohm a segment")
    parser.add_argument("--sequences", type=int, default=1)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    lm, model = load_gpt2(WEIGHTS), gc.load_model(given.model)
    ids, digest, figures = held_out_ids(lm.tokenizer, given.sequences, given.tokens), check_weights(WEIGHTS), []
    for bl_ohm, rail_ohm in given.wires:
        print(f"bit line {bl_ohm:g} ohm, rail {rail_ohm:g} ohm", file=sys.stderr)
        found = compare(lm, with_wires(model, bl_ohm, rail_ohm), ids)
        figures.append({"bl_ohm": bl_ohm, "rail_ohm": rail_ohm, **found})
    setting = {"weights": WEIGHTS, "digest": digest, "shape": ids.shape, "load": round(os.getloadavg()[0], 1)}
    if given.json:
        print(json.dumps({**setting, "figures": figures}, indent=1))
        return
    print(f"{WEIGHTS} {digest[:12]}, {ids.shape[0]} x {ids.shape[1]} tokens, load {setting['load']}")
    print("\n".join(lines(figures)))


if __name__ == "__main__":
    main()

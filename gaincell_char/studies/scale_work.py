"""The stage that measures networks of other sizes: software attention against linear hardware."""

from __future__ import annotations

import json

from gaincell_char.pipeline import work

VERSION = 1


def losses(inputs: work.Inputs, products: work.Products) -> bytes:
    """JSON: for each of `inputs["sizes"]` (name, software, hardware: folders or embedded names) loss and recall of both
    on the corpus, and what linear hardware adds with its paired interval."""
    from safetensors.numpy import load

    from gaincell_char.adaptation import trained_scalers
    from gaincell_char.attention import AnalogAttention
    from gaincell_char.behavior import load_model
    from gaincell_char.evaluation import evaluate_loss, evaluate_recall
    from gaincell_char.gpt2 import load_gpt2

    tables, linear = load(products["corpus"]), load_model("leroux2025_linear")
    found = []
    for size in inputs["sizes"]:
        software, hardware = load_gpt2(size["software"]), load_gpt2(size["hardware"])
        analog = AnalogAttention(linear, trained_scalers(hardware))
        before, after = evaluate_loss(software, tables["held_out"]), evaluate_loss(hardware, tables["held_out"], analog)
        over = after.minus(before)
        questions = work.recall_set(tables)
        found.append(
            {
                "size": size["name"],
                "layers": software.config.n_layer,
                "software": before.mean,
                "linear_hardware": after.mean,
                "added": over.mean,
                "interval": None if over.low is None else [over.low, over.high],
                "recall": evaluate_recall(hardware, questions, analog),
            }
        )
    return json.dumps(found).encode()

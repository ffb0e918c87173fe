"""The stage that evaluates a network whose chain is not as built."""

from __future__ import annotations

import json

import numpy as np

from gaincell_char.pipeline import work

VERSION = 1
"""Of `change`; raised when a result changes with the same inputs. That of `pipeline.work` is among the inputs."""


def evaluate(inputs: work.Inputs, products: work.Products) -> bytes:
    """As `pipeline.work.evaluate`, with the chain of `inputs["change"]`."""
    from safetensors.numpy import load, save

    from gaincell_char.adaptation import trained_scalers
    from gaincell_char.behavior.store import read_model
    from gaincell_char.evaluation import evaluate_loss, evaluate_recall
    from gaincell_char.gpt2 import load_gpt2
    from gaincell_char.studies.change import Change, ChangedAttention

    tables = load(products["corpus"])
    lm = load_gpt2(inputs["weights"])
    scalers = trained_scalers(lm)
    if inputs["scalers"] is not None:
        layers = json.loads(products[inputs["scalers"]])["scalers"]
        scalers = [{name: (np.asarray(a), np.asarray(b)) for name, (a, b) in layer.items()} for layer in layers]
    model = read_model(products[inputs["model"]["stage"]].decode(), "study")
    attention = ChangedAttention(model, scalers, Change(**inputs["change"]), inputs["window"])
    nats = evaluate_loss(lm, tables["held_out"], attention).nats
    found = evaluate_recall(lm, work.recall_set(tables), attention) if inputs["recall"] else {}
    return save({"nats": nats}, metadata={"recall": json.dumps(found)})

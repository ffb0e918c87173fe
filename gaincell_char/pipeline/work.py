"""What the stages of the loop do: each a pure function of JSON inputs and the products of the stages before it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gaincell_char.errors import GaincellError, InputError

if TYPE_CHECKING:
    from gaincell_char.attention.scalers import Scalers
    from gaincell_char.behavior import BehavioralModel
    from gaincell_char.corpus.recall import RecallSet
    from gaincell_char.gpt2 import GPT2
    from gaincell_char.gpt2.softmax import Attention

Products = Mapping[str, bytes]
Inputs = Mapping[str, Any]
VERSION = 4
"""Of what `work` makes and of everything below it; raised when a result changes with the same inputs."""
FULL_WINDOW = 1024
FITTED_SWEEPS = ("iv", "pulse", "write", "retention")


def fit(inputs: Inputs, products: Products) -> bytes:
    """The behavioral model of the datasets `inputs["sweeps"]` (sweep -> stage), JSON.

    `inputs["nominal"]`, a stage, gives the frozen full scales; `inputs["retrim"]` rescales them to this cell.
    """
    from gaincell_char.behavior.store import model_text
    from gaincell_char.fit.assemble import assemble
    from gaincell_char.sweep.dataset import Dataset

    datasets = {sweep: Dataset.from_bytes(products[stage], stage) for sweep, stage in inputs["sweeps"].items()}
    nominal = _model(inputs["nominal"], products) if inputs["nominal"] else None
    return model_text(assemble(inputs["name"], datasets, nominal, retrim=inputs["retrim"])).encode()


def chain(inputs: Inputs, products: Products) -> bytes:
    """The model of the stage `inputs["fit"]` with the circuits around the cell, JSON.

    They are fitted to `inputs["sweeps"]` (spec -> stage), or taken from the model called `inputs["bundled"]`.
    """
    from gaincell_char.behavior.store import load_model, model_text
    from gaincell_char.fit.chain import with_chain, with_chain_of

    model = _model({"stage": inputs["fit"]}, products)
    if inputs["bundled"] is not None:
        return model_text(with_chain_of(model, load_model(inputs["bundled"]))).encode()
    from gaincell_char.sweep.dataset import Dataset

    datasets = {spec: Dataset.from_bytes(products[stage], stage) for spec, stage in inputs["sweeps"].items()}
    return model_text(with_chain(model, datasets)).encode()


def corpus(inputs: Inputs, products: Products) -> bytes:
    """Token ids of the held-out text, the recall programs and the calibration batch; safetensors.

    `held_out` (32, 1024), `calibration` (n, 1024), `recall.ids` (m, 1024) with `recall.position`, `recall.answer`,
    `recall.distance` (m, questions).
    """
    from safetensors.numpy import save

    from gaincell_char.adaptation.calibration import calibration_ids
    from gaincell_char.evaluation import held_out_ids, recall_programs
    from gaincell_char.gpt2 import load_gpt2

    tokenizer = load_gpt2(inputs["weights"]).tokenizer
    questions = recall_programs(tokenizer, inputs["distances"], n=inputs["recall_programs"], seed=inputs["seed"])
    tables = {
        "held_out": held_out_ids(tokenizer, inputs["sequences"], inputs["length"]),
        "calibration": calibration_ids(tokenizer, inputs["calibration_sequences"], inputs["length"]),
        "recall.ids": questions.ids,
        "recall.position": questions.answer_position,
        "recall.answer": questions.answer_id,
        "recall.distance": questions.distance,
    }
    return save({name: np.ascontiguousarray(table, np.int64) for name, table in tables.items()})


def adapt_scalers(inputs: Inputs, products: Products) -> bytes:
    """`scalers` of `inputs["weights"]` adapted to a model (layers of name -> (a, b)), and a `summary`; JSON."""
    from safetensors.numpy import load

    from gaincell_char.adaptation import adapt, summary, trained_scalers
    from gaincell_char.gpt2 import load_gpt2

    lm = load_gpt2(inputs["weights"])
    done = adapt(
        lm,
        trained_scalers(lm),
        _model(inputs["model"], products),
        load(products["corpus"])["calibration"],
        method=inputs["method"],
        window=inputs.get("window", FULL_WINDOW),
        quantize=inputs["quantize"],
        decay=inputs["decay"],
        max_iterations=inputs["iterations"],
    )
    scalers = [{name: [a.tolist(), b.tolist()] for name, (a, b) in layer.items()} for layer in done.scalers]
    return json.dumps({"scalers": scalers, "summary": summary(done)}).encode()


def evaluate(inputs: Inputs, products: Products) -> bytes:
    """Loss of every held-out token, `nats` (32, 1023), and recall as JSON in `metadata["recall"]`; safetensors."""
    from safetensors.numpy import load, save

    from gaincell_char.evaluation import evaluate_loss, evaluate_recall
    from gaincell_char.gpt2 import load_gpt2

    tables = load(products["corpus"])
    lm = load_gpt2(inputs["weights"])
    attention = _attention(lm, inputs, products)
    nats = evaluate_loss(lm, tables["held_out"], attention).nats
    found = evaluate_recall(lm, recall_set(tables), attention) if inputs["recall"] else {}
    return save({"nats": nats}, metadata={"recall": json.dumps(found)})


def recall_set(tables: Mapping[str, npt.NDArray[np.int64]]) -> RecallSet:
    """The recall programs of the corpus product."""
    from gaincell_char.corpus.recall import RecallSet

    return RecallSet(*(tables[f"recall.{name}"] for name in ("ids", "position", "answer", "distance")))


def recall_of(content: bytes) -> dict[str, float]:
    """Distance -> accuracy of an `evaluate` product (the header of a safetensors file is its length and JSON)."""
    size = int.from_bytes(content[:8], "little")
    found: dict[str, float] = json.loads(json.loads(content[8 : 8 + size])["__metadata__"]["recall"])
    return found


def nats_of(content: bytes) -> npt.NDArray[np.float64]:
    """The losses of an `evaluate` product, (sequences, length - 1)."""
    from safetensors.numpy import load

    nats: npt.NDArray[np.float64] = load(content)["nats"]
    return nats


def summary_of(content: bytes) -> dict[str, Any]:
    """What an `adapt` product says happened."""
    found: dict[str, Any] = json.loads(content)["summary"]
    return found


def _attention(lm: GPT2, inputs: Inputs, products: Products) -> Attention | None:
    if inputs["model"] is None:
        return None
    from gaincell_char.adaptation import trained_scalers
    from gaincell_char.attention import AnalogAttention

    scalers = trained_scalers(lm) if inputs["scalers"] is None else _scalers(products[inputs["scalers"]])
    effects = inputs["effects"]
    return AnalogAttention(
        _model(inputs["model"], products),
        scalers=scalers,
        window=inputs.get("window", FULL_WINDOW),
        quantize=inputs["quantize"],
        decay=inputs["decay"],
        fidelity="paper" if effects is None else "circuit",
        effects=effects,
        seed=inputs["seed"],
    )


def _scalers(content: bytes) -> Scalers:
    layers = json.loads(content)["scalers"]
    return [{name: (np.asarray(a), np.asarray(b)) for name, (a, b) in layer.items()} for layer in layers]


def _model(given: Mapping[str, Any], products: Products) -> BehavioralModel:
    """`{"bundled": name}` or `{"stage": name}`, with `"centered": true` the zero crossing at the linear cell's."""
    from gaincell_char.behavior.store import load_model, read_model
    from gaincell_char.evaluation.waterfall import centered

    model = load_model(given["bundled"]) if "bundled" in given else read_model(products[given["stage"]].decode(), "fit")
    return centered(model, given["centered_V"]) if "centered_V" in given else model


def failed_points(stage: str, content: bytes, store: str) -> None:
    """Refuse a dataset with points that have no result.

    Raises
    ------
    GaincellError
        Names the first point, why it failed, and how to see the rest.
    """
    from gaincell_char.sweep.dataset import Dataset

    frame = Dataset.from_bytes(content, stage).frame
    bad = frame[frame["status"] != "ok"]
    if bad.empty:
        return
    first = bad.iloc[0]
    raise GaincellError(
        f"{stage}: {len(bad)} of {len(frame)} points have no result; first {first['point_id']}: {first['status']}: "
        f"{first['reason']} (store {store})"
    )


def check_weights(name: str) -> str:
    """sha256 over the files of a checkpoint, for the keys of what is computed with it."""
    from gaincell_char import keys
    from gaincell_char.gpt2.checkpoint import checkpoint_folder

    folder = checkpoint_folder(name)
    files = [folder / file for file in ("config.json", "model.safetensors", "tokenizer.json", "scalers.safetensors")]
    present = [file for file in files if file.is_file()]
    if not any(file.name == "model.safetensors" for file in present):
        raise InputError(f"{folder}: no model.safetensors; the embedded weights are not complete")
    return keys.key({file.name: keys.file_digest(file) for file in present})

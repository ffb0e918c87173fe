"""The checkpoints that ship are whole, belong together, and their records agree with the library's rules."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from gaincell_char.corpus import code

EMBEDDED = Path(__file__).resolve().parents[2] / "models" / "embedded"
NAMES = ("software", "software-control", "linear-hardware")


def record(name):
    return json.loads((EMBEDDED / name / "training.json").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_weights_have_the_configured_shapes_and_are_finite(name):
    config = json.loads((EMBEDDED / name / "config.json").read_text())
    width, layers = config["n_embd"], config["n_layer"]
    with safe_open(EMBEDDED / name / "model.safetensors", "numpy") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    assert len(tensors) == 12 * layers + 4
    assert tensors["transformer.wte.weight"].shape == (config["vocab_size"], width)
    assert tensors["transformer.wpe.weight"].shape == (config["n_positions"], width)
    assert tensors["transformer.h.0.attn.c_attn.weight"].shape == (width, 3 * width)
    assert all(tensor.dtype == np.float16 and np.isfinite(tensor).all() for tensor in tensors.values())


def test_all_share_one_tokenizer_and_only_the_hardware_has_scalers():
    assert len({(EMBEDDED / name / "tokenizer.json").read_bytes() for name in NAMES}) == 1
    with_scalers = [name for name in NAMES if (EMBEDDED / name / "scalers.safetensors").exists()]
    assert with_scalers == ["linear-hardware"]


@pytest.mark.parametrize("name", NAMES)
def test_no_held_out_text_was_trained_on(name):
    written = record(name)
    assert set(written["held_out"]) == set(code.HELD_OUT_MODULES)
    assert not set(written["held_out"]) & set(written["trained_on"])
    assert not set(written["held_out"].values()) & set(written["trained_on"].values())


def test_the_control_is_the_best_of_what_was_tried_and_went_on_until_it_got_worse():
    control, hardware = record("software-control"), record("linear-hardware")
    continued, then = control["continued"], hardware["before"]  # the hardware network alone went on from there
    assert continued["tokens"] == then["tokens"] < hardware["tokens"]
    assert {name: p["tokens"] for name, p in continued["phases"].items()} == {
        name: p["tokens"] for name, p in then["phases"].items()
    }
    assert then["before"]["tokens"] == control["tokens"]
    assert control["measured"]["code"]["loss_nats"] < continued["measured"]["code"]["loss_nats"]

"""A published folder holds what a Hugging Face GPT-2 reader and the toolkit's own expect."""

import json

import pytest

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")

from safetensors import safe_open  # noqa: E402

from gaincell_char.training.export import publish, read_weights, rounded_to_half  # noqa: E402
from gaincell_char.training.hardware import HardwareAttention  # noqa: E402
from gaincell_char.training.model import GPT, ModelConfig  # noqa: E402

CONFIG = ModelConfig(vocab_size=64, n_positions=32, n_embd=32, n_layer=2, n_head=2)


@pytest.mark.parametrize("attention", ["software", "linear-hardware"])
def test_published_folder(tmp_path, attention):
    torch.manual_seed(0)
    model = GPT(CONFIG, None if attention == "software" else [HardwareAttention(2) for _ in range(2)])
    (tmp_path / "tokenizer.json").write_text("{}")
    folder = tmp_path / "checkpoint"
    rounded_to_half(model)
    publish(model, folder, tmp_path / "tokenizer.json", attention, 0, {"tokens": 5})
    names = {"config.json", "model.safetensors", "tokenizer.json", "training.json"}
    assert {p.name for p in folder.iterdir()} == names | ({"scalers.safetensors"} if attention != "software" else set())
    config = json.loads((folder / "config.json").read_text())
    assert config["gaincell"] == {"attention": attention}
    assert (config["n_embd"], config["n_head"], config["tie_word_embeddings"]) == (32, 2, True)
    tensors = safetensors_torch.load_file(folder / "model.safetensors")
    assert len(tensors) == 2 * 12 + 4
    assert tensors["transformer.h.1.attn.c_attn.weight"].shape == (32, 96)
    assert tensors["transformer.h.1.mlp.c_fc.weight"].shape == (32, 128)
    assert all(tensor.dtype == torch.float16 for tensor in tensors.values())
    assert torch.equal(tensors["transformer.wte.weight"].float(), model.wte.weight)


def test_a_published_checkpoint_is_read_back(tmp_path):
    model, other = (GPT(CONFIG, [HardwareAttention(2) for _ in range(2)]) for _ in range(2))
    with torch.no_grad():
        model.blocks[1].attn.attention.a["k"].fill_(0.25)
    rounded_to_half(model)
    (tmp_path / "tokenizer.json").write_text("{}")
    publish(model, tmp_path / "checkpoint", tmp_path / "tokenizer.json", "linear-hardware", 0, {})
    read_weights(other, tmp_path / "checkpoint")
    for (name, one), two in zip(model.state_dict().items(), other.state_dict().values(), strict=True):
        assert torch.equal(one, two), name


def test_scalers_are_named_and_marked(tmp_path):
    model = GPT(CONFIG, [HardwareAttention(2) for _ in range(2)])
    (tmp_path / "tokenizer.json").write_text("{}")
    publish(model, tmp_path / "checkpoint", tmp_path / "tokenizer.json", "linear-hardware", 0, {})
    with safe_open(tmp_path / "checkpoint" / "scalers.safetensors", "pt") as file:
        assert file.metadata() == {"format": "gaincell-scalers", "version": "1", "cell": "linear"}
        expected = {f"layers.{i}.{x}.{p}" for i in range(2) for x in ("q", "k", "v", "out") for p in "ab"}
        assert set(file.keys()) == expected
        assert file.get_tensor("layers.0.k.b").tolist() == [pytest.approx(0.45)] * 2

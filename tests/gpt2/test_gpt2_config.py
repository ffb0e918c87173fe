"""`config.json`: what is needed, what is ignored, what is refused."""

from __future__ import annotations

import json

import pytest

from gaincell_char.errors import InputError
from gaincell_char.gpt2.config import load_config

GOOD = {"model_type": "gpt2", "vocab_size": 50257, "n_positions": 1024, "n_embd": 768, "n_layer": 12, "n_head": 12}


def load(tmp_path, content):
    path = tmp_path / "config.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return load_config(path)


def test_published_gpt2(tmp_path):
    config = load(tmp_path, {**GOOD, "resid_pdrop": 0.1, "summary_type": "cls_index", "n_ctx": 1024})
    assert (config.head_width, config.hidden_width, config.layer_norm_epsilon) == (64, 3072, 1e-5)
    assert config.gaincell.attention == "software"


def test_our_section(tmp_path):
    assert (
        load(tmp_path, {**GOOD, "gaincell": {"attention": "linear-hardware"}}).gaincell.attention == "linear-hardware"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({name: value for name, value in GOOD.items() if name != "n_layer"}, "n_layer is missing"),
        ({"n_layers" if name == "n_layer" else name: value for name, value in GOOD.items()}, "mean it by 'n_layers'"),
        ({**GOOD, "n_head": 7}, "n_embd 768 is no multiple of n_head 7"),
        ({**GOOD, "n_layer": "12"}, "n_layer is '12'; input should be a valid integer"),
        ({**GOOD, "n_layer": 0}, "n_layer is 0; input should be greater than 0"),
        ({**GOOD, "model_type": "llama"}, "model_type is 'llama'; input should be 'gpt2'"),
        ({**GOOD, "activation_function": "relu"}, "activation_function is 'relu'"),
        ({**GOOD, "scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx is True"),
        ({**GOOD, "tie_word_embeddings": False}, "tie_word_embeddings is False"),
        ({**GOOD, "gaincell": {"attention": "analog"}}, "gaincell.attention is 'analog'"),
        ({**GOOD, "gaincell": {"atention": "software"}}, "unknown field gaincell.atention; gaincell knows: attention"),
        ("[1]", "holds a list"),
        ('{"vocab_size": 5', "cannot be read as JSON"),
    ],
)
def test_faults_name_the_field(tmp_path, content, said):
    with pytest.raises(InputError) as caught:
        load(tmp_path, content)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "config.json"))
    assert "\n" not in str(caught.value)


def test_no_file(tmp_path):
    with pytest.raises(InputError, match=r"config\.json"):
        load_config(tmp_path / "config.json")

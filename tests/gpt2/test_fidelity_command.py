"""`gaincell gpt2 --fidelity`: the chosen effects reach the attention, and what cannot be is one line."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from synthetic_circuit import synthetic

from gaincell_char.attention import AnalogAttention
from gaincell_char.behavior import save_model
from gaincell_char.cli.gpt2 import command
from gaincell_char.errors import InputError
from gaincell_char.gpt2 import load_gpt2

TEXT = "A line of text, and another one that is a little longer than the first was.\n"


@pytest.fixture
def perplexity(checkpoint, tmp_path):
    """perplexity(*options) -> the JSON, of a small network on the synthetic circuit."""
    folder = checkpoint(gaincell={"attention": "linear-hardware"})
    model, text = tmp_path / "circuit.json", tmp_path / "text.txt"
    save_model(synthetic(), model)
    text.write_text(TEXT)

    def run(*options: str, model: str = str(model)) -> dict:
        arguments = ["perplexity", "--weights", str(folder), "--model", model, "--text", str(text), "--json", *options]
        result = CliRunner().invoke(command, arguments)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    run.network = load_gpt2(folder)
    return run


def test_effects_reach_the_attention(perplexity):
    lm = perplexity.network
    ids = lm.encode(TEXT)[None]
    paper = perplexity()
    assert (paper["fidelity"], "effects" in paper) == ("paper", False)
    two = perplexity("--fidelity", "circuit", "--effects", "pulse-counter,pulse-charge")
    assert two["effects"] == ["pulse-charge", "pulse-counter"]
    attention = AnalogAttention(synthetic(), fidelity="circuit", effects=two["effects"])
    assert two["loss_nats"] == pytest.approx(float(lm.token_losses(ids, attention).mean()), rel=1e-6)
    assert perplexity("--fidelity", "circuit", "--effects", "none")["loss_nats"] == pytest.approx(
        paper["loss_nats"], rel=1e-5
    )
    every = perplexity("--fidelity", "circuit")
    assert len(every["effects"]) == 10
    seeds = [
        perplexity("--fidelity", "circuit", "--effects", "mismatch", "--circuit-seed", seed)["loss_nats"]
        for seed in "12"
    ]
    assert len({paper["loss_nats"], two["loss_nats"], every["loss_nats"], *seeds}) == 5


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--fidelity", "ideal"), "unknown fidelity 'ideal'"),
        (("--effects", "noise"), "effects: the published equations have none"),
        (("--fidelity", "circuit", "--effects", "noize"), "unknown effect 'noize'; did you mean noise"),
        (("--fidelity", "circuit", "--no-quantize"), "quantize: False"),
    ],
)
def test_one_line_for_what_cannot_be(perplexity, options, said):
    with pytest.raises(InputError, match=said):
        perplexity(*options)


def test_models_that_have_no_circuits(perplexity):
    with pytest.raises(InputError, match="no circuit of it is characterized"):
        perplexity("--fidelity", "circuit", model="leroux2025")
    with pytest.raises(InputError, match="--fidelity: software attention has none"):
        perplexity("--fidelity", "circuit", model="software")

"""`gaincell gpt2` from the command line: results on stdout, one line on stderr for what cannot be used."""

from __future__ import annotations

import json
import math
import sys

import numpy as np
import pytest

from gaincell_char.attention import default_scalers, save_scalers
from gaincell_char.cli.main import main
from gaincell_char.gpt2 import load_gpt2

TEXT = "A line of text, and another one that is a little longer than the first was.\n" * 4


@pytest.fixture
def gaincell(monkeypatch, capsys):
    """gaincell(*arguments) -> (exit code, stdout, stderr)."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gaincell", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


def test_perplexity_software(gaincell, checkpoint, text):
    folder = checkpoint()
    code, out, _ = gaincell("gpt2", "perplexity", "--weights", folder, "--text", text, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["tokens"], found["windows"], found["model"]) == (len(TEXT) - 1, 4, "software")
    # by hand: windows of 96 bytes that share one
    lm = load_gpt2(folder)
    ids = lm.encode(TEXT)
    losses = np.concatenate(
        [lm.token_losses(ids[None, start : start + 96])[0] for start in range(0, len(TEXT) - 1, 95)]
    )
    assert math.isclose(found["loss_nats"], losses.mean(), rel_tol=1e-6)
    assert math.isclose(found["perplexity"], math.exp(losses.mean()), rel_tol=1e-6)
    low, high = found["loss_interval_nats"]
    assert low < found["loss_nats"] < high


def test_window_and_analog_options_change_the_result(gaincell, checkpoint, text):
    folder = checkpoint(gaincell={"attention": "linear-hardware"})
    losses = {}
    for options in ((), ("--window", 3), ("--no-quantize",), ("--no-decay",), ("--model", "software")):
        chosen = ("--model", "leroux2025", *options) if "--model" not in options else options
        code, out, _ = gaincell("gpt2", "perplexity", "--weights", folder, "--text", text, "--json", *chosen)
        assert code == 0
        losses[options] = json.loads(out)["loss_nats"]
    assert len(set(losses.values())) == len(losses)


def test_the_fits_interval_is_around_the_loss_and_beside_that_of_the_text(gaincell, checkpoint, text):
    folder = checkpoint(gaincell={"attention": "linear-hardware"})
    asked = ("gpt2", "perplexity", "--weights", folder, "--text", text, "--model", "cmos28", "--fit-draws", 4)
    code, out, _ = gaincell(*asked, "--json")
    found = json.loads(out)
    assert code == 0
    (low, high), of_text = found["fit_interval_nats"], found["loss_interval_nats"]
    assert 0 < high - low < of_text[1] - of_text[0]
    assert abs(found["loss_nats"] - (low + high) / 2) < 3 * (high - low)
    assert found["fit_draws"] == 4
    assert found["fit_bounds"]["cell.pulse_charge.surface"] == pytest.approx(5e-4, rel=0.2)
    assert "models that the fits allow" in gaincell(*asked)[1]


def test_what_is_no_fit_has_no_interval(gaincell, checkpoint, text):
    folder = checkpoint(gaincell={"attention": "linear-hardware"})
    asked = ("gpt2", "perplexity", "--weights", folder, "--text", text, "--fit-draws", 4)
    assert "software attention is no fit" in gaincell(*asked)[2]
    code, _, said = gaincell(*asked, "--model", "leroux2025")
    assert code == 2
    assert "no fit of it has an error on held-out points" in said
    assert "Traceback" not in said


def test_scalers_beside_the_weights_are_used(gaincell, checkpoint, text):
    folder = checkpoint(gaincell={"attention": "linear-hardware"})
    scalers = default_scalers(2, 2)
    for layer in scalers:
        layer["out"] = (np.full(2, 3.0), np.full(2, 0.5))
    arguments = ("gpt2", "perplexity", "--weights", folder, "--text", text, "--model", "leroux2025", "--json")
    before = json.loads(gaincell(*arguments)[1])["loss_nats"]
    save_scalers(scalers, folder / "scalers.safetensors")
    beside = json.loads(gaincell(*arguments)[1])["loss_nats"]
    save_scalers(default_scalers(2, 2), folder / "other.safetensors")
    given = json.loads(gaincell(*arguments, "--scalers", folder / "other.safetensors")[1])["loss_nats"]
    assert before == given != beside


def test_analog_attention_on_untrained_weights_is_refused(gaincell, checkpoint, text):
    arguments = ("gpt2", "perplexity", "--weights", checkpoint(), "--text", text, "--model", "leroux2025")
    code, out, err = gaincell(*arguments)
    assert (code, out) == (2, "")
    assert "never trained for analog attention" in err
    assert err.count("\n") == 1
    with pytest.warns(UserWarning, match="expect noise"):
        assert gaincell(*arguments, "--force")[0] == 0


def test_generate(gaincell, checkpoint, text):
    arguments = ("gpt2", "generate", "--weights", checkpoint(), "--max-new-tokens", 5, "--temperature", 0)
    code, out, _ = gaincell(*arguments, "--prompt", "abc")
    assert code == 0
    assert out.startswith("abc")
    found = json.loads(gaincell(*arguments, "--prompt", "abc", "--json")[1])
    assert out == f"abc{found['generated']}\n"
    assert gaincell(*arguments)[0] == 2
    assert gaincell(*arguments, "--prompt", "abc", "--text", text)[0] == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the text is empty"),
        (b"x", "the text 'x' has 1 token; at least 2 are needed"),
        (b"caf\xe9 au lait", "not UTF-8 text (byte 0xe9 at offset 3)"),
    ],
)
def test_texts_that_cannot_be_read(gaincell, checkpoint, tmp_path, content, said):
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    code, out, err = gaincell("gpt2", "perplexity", "--weights", checkpoint(), "--text", path)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("option", [("--scalers", "x.safetensors"), ("--no-quantize",), ("--no-decay",)])
def test_analog_options_without_a_model(gaincell, checkpoint, text, option):
    code, _, err = gaincell("gpt2", "perplexity", "--weights", checkpoint(), "--text", text, *option)
    assert code == 2
    assert f"{option[0]}: software attention has none" in err


def test_names_that_are_unknown(gaincell, checkpoint, text):
    code, _, err = gaincell("gpt2", "perplexity", "--weights", checkpoint(), "--text", text, "--model", "leroux2026")
    assert code == 2
    assert "leroux2025" in err
    code, _, err = gaincell("gpt2", "generate", "--weights", "embedded/hardware", "--prompt", "x")
    assert code == 2
    assert "embedded/linear-hardware" in err

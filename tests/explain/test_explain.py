"""`explain`: its losses are those of the plain forward passes, its heads those of a network with one circuit head."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner

import gaincell_char as gc
from gaincell_char.cli.main import cli
from gaincell_char.errors import InputError
from gaincell_char.explain import explain, ideal_attention
from gaincell_char.explain.page import html
from gaincell_char.gpt2.hardware import analog_attention_for

TEXT = 'def f(x):\n    """Größe <b> & more."""\n    return x + 1\n\nprint(f(2))\n'


@pytest.fixture(scope="module")
def lm():
    return gc.load_gpt2("embedded/linear-hardware")


@pytest.fixture(scope="module")
def circuit(lm):
    return analog_attention_for(lm, gc.load_model("leroux2025"))


@pytest.fixture(scope="module")
def found(lm, circuit):
    return explain(lm, TEXT, circuit, ideal_attention(lm, 1024))


def test_the_losses_are_the_network_s(lm, circuit, found):
    ids = lm.encode(TEXT)[None]
    np.testing.assert_array_equal(found.circuit, lm.token_losses(ids, circuit)[0])
    linear = gc.AnalogAttention(
        gc.load_model("leroux2025_linear"), lm.folder / "scalers.safetensors", quantize=False, decay=False
    )
    np.testing.assert_array_equal(found.ideal, lm.token_losses(ids, linear)[0])
    assert "".join(found.pieces) == TEXT
    assert len(found.pieces) == ids.shape[1]


def test_a_head_costs_what_a_network_with_that_circuit_head_loses(lm, circuit, found):
    ideal, ids = ideal_attention(lm, 1024), lm.encode(TEXT)[None]
    base = lm.token_losses(ids, ideal).mean()

    def one_head(layer, q, k, v, cache):
        out = ideal(layer, q, k, v)
        if layer == 3:
            out[:, 1] = circuit(layer, q, k, v)[:, 1]
        return out

    def one_layer(layer, q, k, v, cache):
        return (circuit if layer == 2 else ideal)(layer, q, k, v)

    assert found.heads.shape == (4, 4)
    np.testing.assert_allclose(found.heads[3, 1], lm.token_losses(ids, one_head).mean() - base, atol=1e-12)
    np.testing.assert_allclose(found.layers[2], lm.token_losses(ids, one_layer).mean() - base, atol=1e-12)


def test_the_ideal_circuit_costs_nothing(lm):
    ideal = ideal_attention(lm, 1024)
    found = explain(lm, TEXT, ideal, ideal)
    assert not found.added.any()
    assert not found.heads.any()


class Shown(HTMLParser):
    """The text within <pre>."""

    def __init__(self):
        super().__init__()
        self.inside, self.text = False, ""

    def handle_starttag(self, tag, attrs):
        self.inside |= tag == "pre"

    def handle_endtag(self, tag):
        self.inside &= tag != "pre"

    def handle_data(self, data):
        self.text += data if self.inside else ""


def test_the_page_shows_the_text_as_it_is(found):
    page = Shown()
    page.feed(html(found, {"weights": "w", "model": "<m>"}))
    assert page.text == TEXT
    assert "&lt;m&gt;" in html(found, {"model": "<m>"})


def test_the_command(tmp_path):
    text = tmp_path / "text.py"
    text.write_text(TEXT)
    run = ["gpt2", "explain", "--model", "leroux2025", "--text", str(text), "--no-by-head"]
    shown = CliRunner().invoke(cli, [*run, "--html", str(tmp_path / "page.html")])
    assert shown.exit_code == 0
    assert "Tokens that lose most" in shown.output
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")
    result = json.loads(CliRunner().invoke(cli, [*run, "--json", "--tokens", "10"]).stdout)
    assert len(result["tokens"]) == 9
    added = np.mean([token["circuit_nats"] - token["ideal_nats"] for token in result["tokens"]])
    np.testing.assert_allclose(result["added_nats"], added)
    refused = CliRunner().invoke(cli, ["gpt2", "explain", "--text", str(text)])
    assert refused.exit_code == 2
    assert "--model" in refused.output


def test_too_little_is_one_line(lm, circuit):
    with pytest.raises(InputError, match="at least 2"):
        explain(lm, TEXT, circuit, circuit, tokens=1)

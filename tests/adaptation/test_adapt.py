"""Adaptation of a GPT-2 of the package on the package's attention, from Python and from the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from tiny_checkpoint import HEADS, LAYERS, write_checkpoint

from gaincell_char.adaptation import adapt, calibration_ids, trained_scalers, windows
from gaincell_char.adaptation.network import observer
from gaincell_char.attention import AnalogAttention
from gaincell_char.attention.scalers import NAMES, load_scalers
from gaincell_char.behavior import load_model
from gaincell_char.cli.adapt import command
from gaincell_char.corpus.code import HELD_OUT_MODULES
from gaincell_char.errors import InputError
from gaincell_char.gpt2 import load_gpt2
from gaincell_char.gpt2.generation import decode
from gaincell_char.gpt2.sampling import Sampling

LINEAR, PUBLISHED = load_model("leroux2025_linear"), load_model("leroux2025")
EXACT = {"quantize": False, "decay": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_checkpoint(tmp_path_factory.mktemp("adapt") / "tiny")


@pytest.fixture(scope="module")
def lm(folder):
    return load_gpt2(folder, np.float64)


@pytest.fixture(scope="module")
def ids(lm):
    """Text that the linear network itself says, so that its loss is the lowest there is."""
    attention = AnalogAttention(LINEAR, scalers=trained_scalers(lm), **EXACT)
    first = np.array([256])
    return np.array([[256, *decode(lm, first, attention, 63, Sampling(1.0, None, seed))] for seed in range(6)])


def test_a_pass_reports_loss_and_every_statistic(lm, ids):
    seen = observer(lm, LINEAR, ids, window=1024, **EXACT)(trained_scalers(lm))
    assert 1 < seen.loss < 50
    assert len(seen.layers) == LAYERS
    for layer in seen.layers:
        assert {*NAMES, "score"} <= set(layer)
        assert all(statistics.mean.shape == (HEADS,) for statistics in layer.values())


def test_the_first_layers_statistics_are_those_of_its_projections(lm, ids):
    """q of layer 0 by hand: layer norm of the embeddings, the projection, the scaler."""
    weights, (a, b) = lm.weights, trained_scalers(lm)[0]["q"]
    x = weights.wte[ids] + weights.wpe[: ids.shape[1]]
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    q = (x @ weights.blocks[0].c_attn.w)[..., : 64 * HEADS].reshape(-1, HEADS, 64) * a[:, None] + b[:, None]
    seen = observer(lm, LINEAR, ids, window=1024, **EXACT)(trained_scalers(lm)).layers[0]["q"]
    np.testing.assert_allclose(seen.mean, q.mean((0, 2)), rtol=1e-9)
    np.testing.assert_allclose(seen.std, q.std((0, 2), ddof=1), rtol=1e-9)
    np.testing.assert_allclose(seen.outside, ((q < 0) | (q > 1)).mean((0, 2)), rtol=1e-9)


def test_linear_cells_are_a_fixed_point(lm, ids):
    for method in ("paper", "offset-aware"):
        done = adapt(lm, trained_scalers(lm), LINEAR, ids, method=method, start=trained_scalers(lm), **EXACT)
        assert done.converged
        assert done.iterations == 0
        assert done.loss == (done.linear_loss,)


def test_paper_matches_the_linear_statistics_and_leaves_the_first_product_off(lm, ids):
    done = adapt(lm, trained_scalers(lm), PUBLISHED, ids, **EXACT)
    assert done.converged
    for errors in done.errors:
        for name in NAMES:
            assert max(np.abs(errors[name].mean).max(), np.abs(errors[name].std).max()) <= 1e-4
    assert np.abs(done.errors[0]["score"].mean).min() > 1


def test_offset_aware_matches_the_scores_too(lm, ids):
    done = adapt(lm, trained_scalers(lm), PUBLISHED, ids, method="offset-aware", **EXACT)
    assert done.converged
    for errors, measured in zip(done.errors, done.statistics, strict=True):
        found, error = measured["score"], errors["score"]
        wanted_mean, wanted_std = found.mean - error.mean, found.std - error.std
        np.testing.assert_allclose(found.mean / found.std, wanted_mean / wanted_std, atol=0.01)
        assert (found.std < 1.01 * wanted_std).all()


def test_what_is_left_in_the_networks_states_is_smaller_with_offset_aware(lm, ids):
    def states(model, scalers):
        return lm.hidden(ids, AnalogAttention(model, scalers=scalers, **EXACT))

    goal = states(LINEAR, trained_scalers(lm))
    left = {}
    for method in ("paper", "offset-aware"):
        done = adapt(lm, trained_scalers(lm), PUBLISHED, ids, method=method, **EXACT)
        left[method] = np.sqrt(np.mean((states(PUBLISHED, done.scalers) - goal) ** 2))
    before = np.sqrt(np.mean((states(PUBLISHED, trained_scalers(lm)) - goal) ** 2))
    assert left["offset-aware"] < left["paper"] < before


def test_calibration_text_is_fixed_and_not_held_out(lm):
    from gaincell_char.adaptation.calibration import MODULES

    assert not set(MODULES) & set(HELD_OUT_MODULES)
    first, again = (calibration_ids(lm.tokenizer, 3, 32) for _ in range(2))
    assert first.shape == (3, 32)
    np.testing.assert_array_equal(first, again)
    assert len({tuple(row) for row in first}) == 3


def test_windows_of_a_short_text_are_fewer_and_shorter():
    np.testing.assert_array_equal(windows(np.arange(5), 2, 8), [[0, 1, 2, 3, 4]])
    np.testing.assert_array_equal(windows(np.arange(9), 2, 4), [[0, 1, 2, 3], [5, 6, 7, 8]])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"method": "newton"}, "unknown method 'newton'"),
        ({"max_iterations": 0}, "max_iterations 0"),
        ({"tolerance": float("nan")}, "tolerance nan"),
    ],
)
def test_arguments_out_of_range_are_refused(lm, ids, change, words):
    with pytest.raises(InputError, match=words):
        adapt(lm, trained_scalers(lm), PUBLISHED, ids, **change)


def test_a_batch_of_single_tokens_is_refused(lm):
    with pytest.raises(InputError, match=r"shape \(3, 1\)"):
        adapt(lm, trained_scalers(lm), PUBLISHED, np.zeros((3, 1), int))


def test_weights_never_trained_for_linear_attention_are_refused(tmp_path):
    lm = load_gpt2(write_checkpoint(tmp_path / "software", attention="software"))
    with pytest.raises(InputError, match="never trained for linear attention"):
        trained_scalers(lm)


def test_a_checkpoint_without_its_scalers_is_refused(tmp_path):
    lm = load_gpt2(write_checkpoint(tmp_path / "bare", scalers=False))
    with pytest.raises(InputError, match=r"scalers\.safetensors"):
        trained_scalers(lm)


def test_the_command_writes_scalers_and_says_what_happened(folder, tmp_path):
    output = tmp_path / "scalers.safetensors"
    arguments = ["--weights", folder, "--model", "leroux2025", "--iterations", 3, "--sequences", 1, "-o", output]
    ran = CliRunner().invoke(command, [str(word) for word in arguments])
    assert ran.exit_code == 0, ran.output
    assert "linear hardware" in ran.stdout
    assert f"wrote {output}" in ran.stderr
    assert len(load_scalers(output)) == LAYERS

    ran = CliRunner().invoke(command, [*(str(word) for word in arguments), "--method", "offset-aware", "--json"])
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert told["calibration"]["shape"] == [1, 96]
    assert len(told["loss_nats"]) == told["iterations"] + 1
    assert told["final_loss_nats"] == told["loss_nats"][told["kept"]]
    assert set(told["layers"][0]) >= {*NAMES, "score"}


def test_the_command_takes_a_text(folder, tmp_path):
    text, output = tmp_path / "text.txt", tmp_path / "scalers.safetensors"
    arguments = ["--weights", str(folder), "--model", "leroux2025", "--text", str(text), "--iterations", "1", "-o",
                 str(output), "--json"]  # fmt: skip
    text.write_text("for i in range(10): print(i)")
    ran = CliRunner().invoke(command, arguments)
    assert json.loads(ran.stdout)["calibration"]["shape"] == [1, 28]
    text.write_text("x")
    ran = CliRunner().invoke(command, arguments)
    assert isinstance(ran.exception, InputError)

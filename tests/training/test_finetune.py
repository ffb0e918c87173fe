"""Fine-tuning: its four regimes, its resumption after a real kill, what it leaves, what it refuses."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file

torch = pytest.importorskip("torch")

from tiny_network import write_checkpoint, write_text  # noqa: E402

from gaincell_char.attention import AnalogAttention  # noqa: E402
from gaincell_char.behavior import load_model  # noqa: E402
from gaincell_char.cli.finetune import command  # noqa: E402
from gaincell_char.errors import EnvironmentFault, InputError  # noqa: E402
from gaincell_char.finetuning import Recipe, fine_tune  # noqa: E402
from gaincell_char.finetuning.attention import cell_attention  # noqa: E402
from gaincell_char.finetuning.recipe import usual_start  # noqa: E402
from gaincell_char.finetuning.text import file_text  # noqa: E402
from gaincell_char.gpt2 import load_gpt2  # noqa: E402
from gaincell_char.training.hardware import HardwareAttention  # noqa: E402

SIZE = {"tokens": 12 * 64, "rows": 2, "micro_rows": 1, "length": 32, "scalers": "published"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finetune")
    write_checkpoint(folder / "software")
    write_checkpoint(folder / "linear", "linear-hardware")
    write_text(folder / "text.txt")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield folder
    torch.set_num_threads(before)


def weights(folder):
    """Every tensor's bytes; a file's metadata have no order of their own."""
    files = [folder / name for name in ("model.safetensors", "scalers.safetensors")]
    return {name: value.tobytes() for file in files for name, value in load_file(file).items()}


def test_killed_and_resumed_it_ends_with_the_same_weights(place):
    options = ["--weights", str(place / "linear"), "--model", "leroux2025", "--text", str(place / "text.txt")]
    options += ["--start", "trained", "--tokens", str(40 * 64), "--rows", "2", "--length", "32", "--save-every", "3"]
    killed, state = place / "killed", place / "killed" / "state.pt"
    run = subprocess.Popen(
        [sys.executable, "-m", "gaincell_char.cli.main", "finetune", *options, "-o", str(killed)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    seen, deadline = set(), time.monotonic() + 120
    while len(seen) < 3 and run.poll() is None and time.monotonic() < deadline:  # the first one is of the start
        if state.exists():
            seen.add(state.stat().st_mtime_ns)
        time.sleep(0.005)
    run.send_signal(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    reached = torch.load(state, weights_only=True)["done"]["step"]
    assert 0 < reached < 40
    assert not (killed / "model.safetensors").exists()

    for out in (killed, place / "whole"):
        result = CliRunner().invoke(command, [*options, "-o", str(out), "--json"])
        assert result.exit_code == 0, result.output
    assert len(weights(killed)) == 2 + 2 * 12 + 2 + 2 * 8  # embeddings, layers, norm, scalers
    assert weights(killed) == weights(place / "whole")
    one, other = (json.loads((out / "training.json").read_text()) for out in (killed, place / "whole"))
    assert one["held_out"] == other["held_out"]
    assert one["curve"] == other["curve"]
    assert not state.exists()


@pytest.mark.parametrize(
    ("base", "model", "start"),
    [
        ("software", "leroux2025_linear", "trained"),
        ("linear", "leroux2025", "adapted"),
        ("software", "leroux2025", "trained"),
        ("software", "leroux2025", "scratch"),
        ("software", "software", "trained"),
        ("linear", "cmos28", "trained"),
    ],
)
def test_every_regime_learns_and_leaves_what_load_gpt2_reads(place, tmp_path, base, model, start):
    scalers = "statistics" if model == "leroux2025_linear" else "published"
    recipe = Recipe(str(place / base), model, start, **{**SIZE, "scalers": scalers}, rate=3e-3, precision="float32")
    record = fine_tune(recipe, tmp_path / "out", text=[place / "text.txt"])
    held_out = record["held_out"]
    assert held_out["after"]["loss_nats"] < held_out["before"]["loss_nats"] - 0.3
    lm = load_gpt2(tmp_path / "out")
    kind = model if model == "software" else f"{load_model(model).cell.kind}-hardware"
    assert lm.config.gaincell.attention == kind
    attention = None
    if model != "software":
        attention = AnalogAttention(load_model(model), tmp_path / "out" / "scalers.safetensors")
    ids = file_text(lm.tokenizer, [place / "text.txt"], SIZE["length"]).held_out
    sums = lm.token_losses(ids, attention).sum(1)
    np.testing.assert_allclose(sums, held_out["after"]["sums_nats"], rtol=2e-3)  # float32: a level may flip
    assert fine_tune(recipe, tmp_path / "out", text=[place / "text.txt"]) == record


def test_a_finished_run_is_not_another_one(place, tmp_path):
    recipe = Recipe(str(place / "software"), "leroux2025_linear", **SIZE)
    fine_tune(recipe, tmp_path / "out", text=[place / "text.txt"])
    other = Recipe(str(place / "software"), "leroux2025", **SIZE)
    with pytest.raises(InputError, match=r"model 'leroux2025_linear', not 'leroux2025'"):
        fine_tune(other, tmp_path / "out", text=[place / "text.txt"])


def test_both_attentions_of_a_cell_are_the_same_cell():
    model = load_model("leroux2025")
    fast, general = (cell_attention(model, 2, 100, fast=fast) for fast in (True, False))
    assert isinstance(fast, HardwareAttention)
    assert not isinstance(general, HardwareAttention)
    fast.compute = torch.float32
    torch.manual_seed(0)
    outputs = []
    x = [torch.randn(1, 2, 100, 16) for _ in range(3)]
    for attention in (fast, general):
        with torch.no_grad():
            for name, a, b in (("q", 0.3, 0.5), ("k", 0.2, 0.45), ("v", 0.2, 0.45)):
                attention.a[name].fill_(a)
                attention.b[name].fill_(b)
        inputs = [each.clone().requires_grad_() for each in x]
        out = attention(*inputs)
        out.square().sum().backward()
        outputs.append([out.detach(), *(each.grad for each in inputs)])
    for one, other in zip(*outputs, strict=True):
        assert (one - other).abs().mean() < 1e-3 * one.abs().mean()  # a level or a step may flip at a tie


def test_a_measured_law_has_one_attention():
    assert not isinstance(cell_attention(load_model("cmos28"), 2, 64, fast=True), HardwareAttention)


def test_the_rate_rises_and_falls_to_a_tenth():
    recipe = Recipe("w", "m", tokens=100 * 4096)
    rates = [recipe.rate_at(step) for step in range(recipe.steps)]
    assert recipe.steps == 100
    assert rates[0] == pytest.approx(6e-4 / 5)
    assert max(rates) == rates[4] == pytest.approx(6e-4)
    assert rates[-1] == pytest.approx(6e-5)
    assert all(np.diff(rates[5:]) < 0)


def test_token_ids_of_a_file_stay_on_the_disk(place, tmp_path):
    tokenizer = load_gpt2(place / "software").tokenizer
    np.save(tmp_path / "ids.npy", np.arange(1000, dtype=np.uint16) % 256)
    text = file_text(tokenizer, [tmp_path / "ids.npy"], 32)
    assert isinstance(text.stream, np.memmap)
    assert text.held_out.shape == (1, 32)
    assert text.held_out[0, -1] == 999 % 256
    assert text.stream.size == 1000 - 32
    recipe = Recipe("w", "m", rows=3, length=32)
    assert (text.batch(recipe, 5) == text.batch(recipe, 5)).all()
    assert (text.batch(recipe, 5) != text.batch(recipe, 6)).any()


def test_usual_start_adapts_where_the_paper_does(place):
    assert usual_start(str(place / "linear"), "leroux2025") == "adapted"
    assert usual_start(str(place / "linear"), "leroux2025_linear") == "trained"
    assert usual_start(str(place / "software"), "leroux2025") == "trained"
    assert usual_start(str(place / "linear"), "software") == "trained"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": "adapted"}, "never trained for linear attention"),
        ({"start": "adapted", "model": "software"}, "no scalers to adapt"),
        ({"model": "leroux2026"}, "leroux2025"),
        ({"length": 97}, "96 positions"),
        ({"length": 1}, "at least 2"),
        ({"micro_rows": 3}, "does not divide"),
        ({"rate": float("nan")}, "learning rate above 0"),
        ({"rate": 1e20}, "not finite"),
        ({"precision": "float16"}, "float32"),
    ],
)
def test_a_recipe_that_cannot_be_used_is_one_line(place, tmp_path, change, message):
    recipe = Recipe(**{"weights": str(place / "software"), "model": "leroux2025", **SIZE, **change})
    with pytest.raises(InputError, match=message) as caught:
        fine_tune(recipe, tmp_path / "out", text=[place / "text.txt"])
    assert "\n" not in str(caught.value)


def text_of(folder, kind):
    path = folder / ("ids.npy" if kind in ("outside", "square", "no array") else "bad.txt")
    if kind == "empty":
        path.write_text("")
    elif kind == "short":
        path.write_text("x = 1\n")
    elif kind == "latin":
        path.write_bytes(b"caf\xe9 " * 100)
    elif kind == "no array":
        path.write_text("no array")
    elif kind == "outside":
        np.save(path, np.full(100, 4000))
    elif kind == "square":
        np.save(path, np.zeros((10, 10), int))
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("missing", "cannot be read"),
        ("empty", "empty"),
        ("short", "6 tokens; at least 64"),
        ("latin", "not UTF-8"),
        ("no array", "expected a .npy"),
        ("outside", "vocabulary has 0 to 256"),
        ("square", r"\(10, 10\)"),
    ],
)
def test_a_text_that_cannot_be_used_is_one_line(place, tmp_path, kind, message):
    recipe = Recipe(str(place / "software"), "leroux2025", **SIZE)
    with pytest.raises(InputError, match=message):
        fine_tune(recipe, tmp_path / "out", text=[text_of(tmp_path, kind)])


def test_an_out_that_holds_something_else_is_refused(place, tmp_path):
    recipe = Recipe(str(place / "software"), "leroux2025", **SIZE)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="choose another folder"):
        fine_tune(recipe, tmp_path, text=[place / "text.txt"])
    with pytest.raises(InputError, match="is a file"):
        fine_tune(recipe, tmp_path / "notes.txt", text=[place / "text.txt"])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "state.pt").write_bytes(b"no state")
    with pytest.raises(InputError, match="damaged"):
        fine_tune(recipe, tmp_path / "out", text=[place / "text.txt"])


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_no_gpu_is_said_in_one_line(place, tmp_path):
    recipe = Recipe(str(place / "software"), "leroux2025", **SIZE)
    with pytest.raises(EnvironmentFault, match="no GPU"):
        fine_tune(recipe, tmp_path / "out", text=[place / "text.txt"], device="cuda")

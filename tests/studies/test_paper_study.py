"""`study paper`: what it concludes of losses that are given, its plan, and that stored results need no torch."""

import json
import math

import numpy as np
import pytest

from gaincell_char.cli.study import _ask
from gaincell_char.pipeline import work
from gaincell_char.studies import paper, paper_networks, stored
from gaincell_char.studies.inquiry import Asking
from gaincell_char.studies.paper_networks import QUICK_TOKENS, TOKENS, networks

SEQUENCES, PREDICTED = 16, 1023
LOSSES = {
    "software": 3.0,
    "software control": 2.98,
    "linear": 3.04,
    "nonlinear, adapted": 3.02,
    "linear, straight": 3.9,
    "nonlinear, straight": 4.0,
    "nonlinear, scratch": 6.0,
}


def sums(mean, seed=0):
    """Losses of sequences with a spread that all networks share."""
    hard = np.random.default_rng(seed).normal(0, 0.3, SEQUENCES)
    return (PREDICTED * (mean + hard - hard.mean())).tolist()


def product(name, mean):
    before = None if name == "software" else sums(mean + 0.1)
    return {
        "predicted": PREDICTED,
        "after": sums(mean),
        "before": before,
        "curve": [[1, mean]],
        "tokens": 400_000,
    }


def products(**changes):
    found = {name: product(name, mean) for name, mean in {**LOSSES, **changes}.items()}
    found["adaptation"] = {"loss_nats": [9.0, 5.0, 3.1], "linear_loss_nats": 3.0, "passes_within_0.02": 2,
                           "converged": True}  # fmt: skip
    return found


def readings(**changes):
    found = {name: paper.reading(each, "after") for name, each in products(**changes).items() if name != "adaptation"}
    return {**found, paper.BEST: found["software control"]}


def test_the_published_order_is_recognized():
    claims = paper.judge(readings())
    assert [claim.holds for claim in claims] == [True] * 5
    assert claims[-1].difference == pytest.approx(0.04, abs=1e-6)
    assert claims[0].interval[1] - claims[0].interval[0] < 1e-3  # paired: the common spread is gone
    sentence = paper.conclude(claims, 400_000)
    assert sentence.startswith("The paper's order holds, at 0.40 M tokens each")
    assert "+0.040" in sentence
    assert "met" in sentence


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ({"linear": 2.97, "nonlinear, adapted": 2.97}, 0),
        ({"nonlinear, adapted": 3.1}, 1),
        ({"nonlinear, straight": 3.2}, 2),
        ({"nonlinear, scratch": 4.1}, 3),
        ({"nonlinear, adapted": 3.04}, 4),
    ],
)
def test_each_claim_can_fail(change, broken):
    claims = paper.judge(readings(**change))
    assert not claims[broken].holds
    sentence = paper.conclude(claims, 400_000)
    assert ("missed" if broken == 4 else claims[broken].text) in sentence


def test_every_trained_network_takes_the_same_tokens_and_a_start_of_its_own():
    rows = networks(TOKENS)
    recipes = [row.recipe for row in rows if row.recipe is not None]
    assert {recipe.tokens for recipe in recipes} == {TOKENS}
    assert len({(recipe.weights, recipe.model, recipe.start) for recipe in recipes}) == len(recipes) == 6
    assert {(recipe.seed, recipe.rows, recipe.length) for recipe in recipes} == {(1, 4, 1024)}
    for recipe in recipes:
        recipe.check()
    by_name = {row.name: row for row in rows}
    assert by_name["linear"].earlier_tokens == by_name["nonlinear, adapted"].earlier_tokens > 10_000_000
    assert by_name["nonlinear, straight"].earlier_tokens == by_name["nonlinear, scratch"].earlier_tokens == 0
    assert QUICK_TOKENS * 10 == TOKENS


def test_stored_results_answer_without_training(tmp_path, monkeypatch):
    rows = networks(TOKENS)
    corpus = paper.corpus_stage(work.check_weights(paper.LINEAR), paper.SIZES)
    asking = Asking(tmp_path / "artifacts", 1)
    texts = {"python": corpus.inputs["python"], "held_out": corpus.inputs["texts"]}
    plan = [paper.adaptation_stage(corpus, work.check_weights(paper.LINEAR))]
    plan += [paper_networks.stage(row, texts, asking) for row in rows]
    keys = paper.plan_keys([corpus, *plan])
    names = ["adaptation", *(row.name for row in rows)]
    found = products()
    monkeypatch.setattr(
        stored,
        "products",
        lambda study: {stored.short(keys[s.name]): found[n] for s, n in zip(plan, names, strict=True)},
    )
    answer, result = _ask(paper.STUDY, asking, tmp_path, True)
    assert result["source"] == {"readings": 8, "measured": 0, "cpu_s": 0}
    assert len(result["readings"]) == 7
    assert len(answer.rows) == 7
    assert {len(row) for row in answer.rows} == {len(answer.columns)}
    assert max(sum(max(len(row[i]) for row in [answer.columns, *answer.rows]) for i in range(7)) + 12, 0) <= 80
    written = json.loads((tmp_path / "study-paper.json").read_text())
    over = {row["name"]: row["over"] for row in written["rows"]}
    assert over["nonlinear, adapted"] == pytest.approx(0.04, abs=1e-6)
    assert math.isclose(written["numbers"]["adaptation"]["loss_nats"][-1], 3.1)
    assert "<svg" in (tmp_path / "study-paper.svg").read_text()


def test_the_control_is_the_better_of_before_and_after(tmp_path, monkeypatch):
    found = products()
    found["software control"]["before"] = sums(2.9)
    monkeypatch.setattr(paper, "measure", lambda rows, asking: (found, {}))
    answer = paper.ask(Asking(tmp_path, 1))
    (claim,) = (each for each in answer.result["numbers"]["claims"] if "its control" in each["text"])
    assert claim["difference"] == pytest.approx(0.12, abs=1e-6)
    assert not claim["holds"]


def test_a_training_is_measured_and_found_again(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    asked = []

    def fine_tune(recipe, out, *, device, progress):
        asked.append((recipe, out))
        progress(1, 2, "loss 3.000")
        held_out = {"shape": [2, 8], "before": {"sums_nats": [1.0, 2.0]}, "after": {"sums_nats": [0.5, 1.0]}}
        return {"held_out": held_out, "tokens": 10, "steps": 2, "seconds": 1.0, "tokens_per_s": 10.0, "curve": []}

    monkeypatch.setattr("gaincell_char.finetuning.fine_tune", fine_tune)
    monkeypatch.setattr(paper_networks, "use_threads", lambda count: None)
    heard = []
    asking = Asking(tmp_path, 1, report=lambda *given: heard.append(given))
    stage = paper_networks.stage(networks(TOKENS)[3], {"python": "x", "held_out": []}, asking)
    first = paper.run_stages([stage], paper.ArtifactFolder(tmp_path), workers=1)[stage.name]
    again = paper.run_stages([stage], paper.ArtifactFolder(tmp_path), workers=1)[stage.name]
    assert first.ran
    assert not again.ran
    assert first.artifact.json()["after"] == [0.5, 1.0]
    assert first.artifact.json()["predicted"] == 7
    ((recipe, out),) = asked
    assert (recipe.start, recipe.model) == ("adapted", "leroux2025")
    assert out.parent == tmp_path / "networks"
    assert heard == [(1, 2, "nonlinear, adapted, loss 3.000")]

"""Studies: what they conclude of rows that are given, and one that runs."""

import dataclasses
import json

import pytest

from gaincell_char.behavior import load_model
from gaincell_char.behavior.store import model_text, read_model
from gaincell_char.pipeline.network import Sizes
from gaincell_char.studies import leakage, nonlinearity, study
from gaincell_char.studies.inquiry import Asking
from gaincell_char.studies.plan import AS_TRAINED, Variant
from gaincell_char.studies.registry import NAMES
from gaincell_char.studies.study import Row, Study, run_study


def row(added, adaptation="paper", **labels):
    return Row(labels, adaptation, 3.0 + added, added, None, {"64": 1.0}, 5, True, 0, 0.0)


def judged(cell, family, distortion, added, gain=1.0, method="paper"):
    expected = gain >= 0.7 and distortion <= 0.3
    return row(added, method, cell=cell, family=family, distortion=distortion, gain=gain, expected=expected)


ROWS = [
    judged("a", "one", 0.0, 0.0),
    judged("b", "one", 0.6, 0.4),
    judged("c", "two", 0.2, 0.05),
    judged("d", "two", 0.9, 1.0),
    judged("weak", "three", 0.0, 0.5, gain=0.5),
    *(judged(name, "one", 0.1, 0.0, method="offset-aware") for name in "abcd"),
]


def test_nonlinearity_compares_verdicts_with_what_happened():
    numbers, sentence = nonlinearity.conclude(ROWS)
    paper = numbers["paper"]
    assert paper["fails"] == ["b", "d", "weak"]
    assert paper["passed_but_failed"] == paper["flagged_but_worked"] == []
    assert paper["threshold"] == pytest.approx(0.4)
    assert paper["leave_one_out"] == {"passed_but_failed": [], "flagged_but_worked": []}
    assert "passes none that fails" in sentence
    assert "`paper` 2 of 5" in sentence


def test_nonlinearity_says_when_its_predictor_is_wrong():
    wrong = [*ROWS, judged("e", "four", 0.1, 2.0)]
    numbers, sentence = nonlinearity.conclude(wrong)
    assert numbers["paper"]["passed_but_failed"] == ["e"]
    assert numbers["paper"]["leave_one_out"]["passed_but_failed"] == ["e"]
    assert "wrongly passes e" in sentence


def leak(tau_s, what, added):
    return row(added, AS_TRAINED, tau_s=tau_s, tau_tokens=tau_s / 0.8e-6, what=what)


def test_leakage_finds_the_knee_between_two_time_constants():
    curve = [(1e-4, 2.0), (1e-3, 0.09), (1e-2, 0.01)]
    rows = [leak(tau, leakage.PLAIN, added) for tau, added in curve]
    rows += [leak(tau, leakage.SCALERS, added / 2) for tau, added in curve]
    rows += [leak(tau, leakage.SHORT, 0.03) for tau, _ in curve]
    numbers, sentence = leakage.conclude([*rows, leak(0.6, leakage.MEASURED, 0.0)])
    assert numbers["knee_s"][leakage.PLAIN] == pytest.approx(10**-2.5)
    assert numbers["knee_tokens"][leakage.PLAIN] == pytest.approx(10**-2.5 / 0.8e-6)
    assert numbers["knee_s"][leakage.SHORT] is None
    assert numbers["recovered_at_half_the_knee"][leakage.SCALERS] == pytest.approx(0.5)
    assert "3.2 ms" in sentence
    assert "scalers adapted takes back 50 %" in sentence


def test_every_study_lays_out_variants_with_names_of_their_own():
    from gaincell_char.studies.registry import study as named

    for asked in map(named, NAMES):
        if not isinstance(asked, Study):
            continue
        variants = asked.variants()
        assert len({variant.stage for variant in variants}) == len(variants) >= 12
        assert not any("/" in variant.stage for variant in variants)
        for variant in variants:
            assert read_model(model_text(variant.model), "variant").name == variant.model.name
            assert {asked.x, asked.group} <= set(variant.labels)


def test_a_study_runs_and_is_found_the_second_time(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "QUICK", Sizes(sequences=2, length=96, recall_programs=1, iterations=2))
    published = load_model("leroux2025")
    variants = [
        Variant("straight", {}, load_model("leroux2025_linear")),
        Variant("published", {}, published),
        Variant("published, adapted", {}, published, "offset-aware"),
    ]
    asked = Study("test", "?", lambda: variants, lambda rows: ({"cells": len(rows)}, "Done."), x="", group="")
    first = run_study(asked, Asking(tmp_path, 2, quick=True))
    straight, before, after = first.rows
    assert straight.added == 0
    assert before.added != 0
    assert (before.passes, after.converged) == (None, False)
    assert first.numbers["cells"] == 3
    ran = []
    again = run_study(asked, Asking(tmp_path, 2, True, lambda done, total, note: ran.append((done, total))))
    assert again == first
    assert json.dumps([dataclasses.asdict(each) for each in again.rows])
    assert len(list((tmp_path / "evaluate.published").glob("*.json"))) == 1

"""Readings that are stored with the project: found by key, kept with what they are of, refused when damaged."""

import json

import numpy as np
import pytest

from gaincell_char.behavior import load_model
from gaincell_char.errors import InputError
from gaincell_char.evaluation import Loss
from gaincell_char.pipeline.network import Sizes
from gaincell_char.studies import stored, study
from gaincell_char.studies.inquiry import Asking
from gaincell_char.studies.plan import Variant, needed_stages, plan_keys, stages
from gaincell_char.studies.study import Study, corpus_of, measure, run_study

READING = stored.Reading((100.0, 120.0), 50, {"64": 1.0}, None, 1.5)
SOURCE = {"weights": "aa", "texts": "Python 3.11.7, bb", "code": "version 3"}


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "folder", lambda: tmp_path / "shelf")
    return tmp_path / "shelf"


def result(readings, source=SOURCE, **more):
    return {"study": "test", "made_with": source, "readings": stored.as_json(readings), **more}


def test_a_reading_knows_what_the_losses_knew():
    rng = np.random.default_rng(0)
    a, b = (rng.gamma(2.0, size=(5, 40)) for _ in range(2))
    over = Loss(a).minus(Loss(b))
    found = stored.Reading.of(a, {}, None, 0.0).minus(stored.Reading.of(b, {}, None, 0.0))
    assert found.mean == pytest.approx(over.mean, abs=1e-5)
    assert (found.low, found.high) == pytest.approx((over.low, over.high), abs=1e-5)
    assert stored.Reading.of(a, {}, None, 0.0).mean == pytest.approx(a.mean(), abs=1e-5)


def test_what_is_kept_is_read_again(shelf):
    assert stored.readings("test") == {}
    path = stored.keep(result({"k1": READING}, products={"p": [1, 2]}))
    assert path == shelf / "test.json"
    assert stored.readings("test") == {"k1": READING}
    assert stored.products("test") == {"p": [1, 2]}
    assert stored.made_with("test") == SOURCE


def test_readings_of_one_source_are_merged_and_those_of_another_are_dropped(shelf):
    stored.keep(result({"k1": READING}))
    stored.keep(result({"k2": READING}))
    assert set(stored.readings("test")) == {"k1", "k2"}
    stored.keep(result({"k3": READING}, source={**SOURCE, "weights": "cc"}))
    assert set(stored.readings("test")) == {"k3"}


@pytest.mark.parametrize("text", ["{", '{"readings": {}}', '{"made_with": {"weights": ""}, "readings": {"k": {}}}'])
def test_a_damaged_file_is_named(shelf, text):
    shelf.mkdir()
    (shelf / "test.json").write_text(text)
    with pytest.raises(InputError, match=r"test\.json: no readings of a study .*restore it, or delete it"):
        stored.readings("test")


def test_results_of_a_folder_are_filed(shelf, tmp_path, capsys):
    (tmp_path / "study-test.json").write_text(json.dumps(result({"k1": READING})))
    (tmp_path / "study-all.json").write_text("{}")
    stored.main([str(tmp_path)])
    assert capsys.readouterr().out.split() == [str(shelf / "test.json")]


def test_stored_readings_spare_the_measurement(shelf, tmp_path, monkeypatch):
    monkeypatch.setattr(study, "QUICK", Sizes(sequences=2, length=96, recall_programs=1, iterations=2))
    published = load_model("leroux2025")
    variants = [
        Variant("published", {}, published),
        Variant("no recall", {}, published, against="published", recall=False),
    ]
    asked = Study("test", "?", lambda: variants, lambda rows: ({}, "Done."), x="", group="")
    first = run_study(asked, Asking(tmp_path / "a", 1, quick=True))
    assert (first.measured.measured, len(first.measured.readings)) == (3, 3)
    assert first.rows[1].added == 0
    assert first.rows[1].recall == {}
    stored.keep({"study": "test", **first.measured.record})

    monkeypatch.setattr(study, "run_stages", lambda *_, **__: pytest.fail("measured again"))
    again = run_study(asked, Asking(tmp_path / "b", 1, quick=True))
    assert again.rows == first.rows
    assert again.measured.measured == 0

    monkeypatch.undo()
    monkeypatch.setattr(study, "QUICK", Sizes(sequences=2, length=96, recall_programs=1, iterations=2))
    monkeypatch.setattr(stored, "folder", lambda: shelf)
    other = [variants[0], Variant("tau", {}, load_model("leroux2025_linear"), window=8)]
    part = measure("test", other, Asking(tmp_path / "c", 1, quick=True))
    assert part.measured == 1
    assert part.rows[0] == first.rows[0]
    assert not (tmp_path / "c" / "evaluate.published").exists()


def test_keys_follow_all_that_a_reading_depends_on(tmp_path):
    weights, corpus = corpus_of(Asking(tmp_path, 1, quick=True))
    base = Variant("v", {}, load_model("leroux2025"), "offset-aware")

    def key(variant, digest=weights, iterations=5):
        plan = stages([variant], corpus, digest, iterations)
        return plan_keys(plan)[variant.stage]

    assert key(base) == key(Variant("v", {"label": 1}, load_model("leroux2025"), "offset-aware"))
    others = [
        key(Variant("v", {}, load_model("cmos28"), "offset-aware")),
        key(Variant("v", {}, load_model("leroux2025"), "paper")),
        key(Variant("v", {}, load_model("leroux2025"), "offset-aware", window=7)),
        key(Variant("v", {}, load_model("leroux2025"), "offset-aware", recall=False)),
        key(base, digest="other"),
        key(base, iterations=6),
    ]
    assert len({key(base), *others}) == 7


def test_only_what_is_needed_runs(tmp_path):
    weights, corpus = corpus_of(Asking(tmp_path, 1, quick=True))
    variants = [Variant("a", {}, load_model("leroux2025"), "paper"), Variant("b", {}, load_model("cmos28"))]
    plan = stages(variants, corpus, weights, 5)
    assert [stage.name for stage in needed_stages(plan, ["evaluate.b"])] == ["corpus", "model.cmos28", "evaluate.b"]


def test_what_is_shipped_is_whole_and_small():
    files = sorted(stored.folder().glob("*.json"))
    for path in files:
        assert stored.readings(path.stem) or stored.products(path.stem)
        assert set(stored.made_with(path.stem)) == {"weights", "texts", "code"}
    assert sum(path.stat().st_size for path in files) < 1e6

"""`gaincell study all`: every study once, one summary, and one that fails stops none of the others."""

import json

import pytest
from click.testing import CliRunner

from gaincell_char.cli.main import cli
from gaincell_char.errors import GaincellError
from gaincell_char.report.svg import to_svg
from gaincell_char.studies import registry
from gaincell_char.studies.inquiry import Answer, Inquiry


def drawn():
    import matplotlib.pyplot as plt

    return to_svg(plt.figure())


def answered(asking):
    asked.append(asking)
    source = {"readings": 3, "measured": 1, "cpu_s": 0.5}
    result = {"numbers": {}, "source": source, "made_with": {}}
    return Answer(result, ["a"], [["b"]], "caption", "It is so.", drawn)


def failing(asking):
    raise GaincellError("the text is not there")


asked = []


@pytest.fixture
def studies(monkeypatch):
    asked.clear()
    found = {"good": Inquiry("good", "Good?", answered), "bad": Inquiry("bad", "Bad?", failing)}
    monkeypatch.setattr(registry, "NAMES", tuple(found))
    monkeypatch.setattr(registry, "study", found.__getitem__)
    return found


def run(*arguments):
    return CliRunner().invoke(cli, ["study", *arguments])


def test_all_are_asked_and_summed_up(studies, tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "NAMES", ("good",))
    done = run("all", "--quick", "-o", str(tmp_path), "--json")
    assert done.exit_code == 0, done.output
    summary = json.loads((tmp_path / "study-all.json").read_text())
    (line,) = summary["studies"]
    assert (line["study"], line["sentence"], line["measured"]) == ("good", "It is so.", 1)
    assert summary["quick"]
    assert asked[0].quick
    assert json.loads((tmp_path / "study-good.json").read_text())["sentence"] == "It is so."


def test_one_that_fails_is_named_and_the_others_are_written(studies, tmp_path):
    done = run("all", "-o", str(tmp_path))
    assert isinstance(done.exception, GaincellError)
    assert "1 of 2 studies failed: bad" in str(done.exception)
    summary = json.loads((tmp_path / "study-all.json").read_text())
    assert summary["failed"] == {"bad": "the text is not there"}
    assert [line["study"] for line in summary["studies"]] == ["good"]


def test_an_option_of_one_study_is_refused_for_all(studies, tmp_path):
    done = run("all", "--budget", "0.1", "-o", str(tmp_path))
    assert done.exit_code == 2
    assert "--budget" in done.output


def test_it_says_what_is_stored_and_passes_anew_on(studies, tmp_path):
    done = run("good", "-o", str(tmp_path), "--anew")
    assert "2 of 3 readings are stored with the project" in done.output
    assert asked[0].anew

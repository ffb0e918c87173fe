"""The whole loop, on little text: real ngspice, real weights, what runs again and what does not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from gaincell_char.cli.run import command
from gaincell_char.errors import GaincellError, InputError
from gaincell_char.pipeline.loop import Request, loop
from gaincell_char.pipeline.network import Sizes
from gaincell_char.pipeline.run import Outcome, run

SMALL = Sizes(sequences=2, length=128, recall_programs=1, calibration_sequences=1, iterations=3)
WIDE = {"gain_cell.wn": 200e-9}

pytestmark = pytest.mark.ngspice


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("loop")


@pytest.fixture(scope="module")
def default(folder: Path) -> Outcome:
    return run(Request(sizes=SMALL), folder, 2)


@pytest.fixture(scope="module")
def wide(folder: Path, default: Outcome) -> Outcome:
    return run(Request(WIDE, retrim=True, sizes=SMALL), folder, 2)


def test_every_stage_runs_once(default: Outcome, folder: Path) -> None:
    assert all(stage["ran"] for stage in default.result["stages"])
    again = run(Request(sizes=SMALL), folder, 2).result
    assert not any(stage["ran"] for stage in again["stages"])
    assert again["configurations"] == default.result["configurations"]


def test_every_configuration_has_its_loss_and_recall(default: Outcome) -> None:
    rows = default.result["configurations"]
    cells = [f"{cell}.{form}" for cell in ("published", "cell") for form in ("before", "paper", "offset-aware")]
    assert list(rows) == ["software", "software-control", "linear", *cells, "cell.circuit"]
    for row in rows.values():
        assert 0 < row["loss"] < 20
        assert set(row["recall"]) == {"16", "64", "128", "256", "512", "900"}


def test_waterfall_starts_at_software_and_ends_at_the_cell(default: Outcome) -> None:
    steps, rows = default.result["waterfall"], default.result["configurations"]
    measured = [step for step in steps if step["loss"] is not None]
    assert measured[0]["loss"] == rows["software-control"]["loss"]
    assert measured[-1]["loss"] == rows["cell.circuit"]["loss"]
    leakage = next(step for step in measured if step["label"] == "leakage")
    assert leakage["loss"] == rows["cell.offset-aware"]["loss"]
    total = measured[0]["loss"] + sum(step["added"] for step in measured[1:])
    assert total == pytest.approx(measured[-1]["loss"], abs=1e-12)
    assert [step["label"] for step in steps if step["loss"] is None] == []
    assert [step["label"] for step in steps if step["seed"] is not None] == ["mismatch", "noise"]
    whole = default.result["waterfall_total"]
    assert whole["interval"][0] <= whole["sum"] <= whole["interval"][1]
    assert whole["sum"] == pytest.approx(whole["added"], abs=1e-12)
    assert whole["tokens"] == whole["sequences"] * (default.result["text"]["length"] - 1)


def test_a_change_runs_only_what_depends_on_it(wide: Outcome) -> None:
    ran = {stage["name"] for stage in wide.result["stages"] if stage["ran"]}
    assert ran
    assert all(name == "report" or re.search("changed|retrimmed", name) for name in ran)


def test_a_wider_transistor_is_gain_and_not_normalized_away(default: Outcome, wide: Outcome) -> None:
    before, after = wide.result["cell"], wide.result["changed"]
    assert before == default.result["cell"]
    assert after["unit_current_A"] == before["unit_current_A"]
    assert after["charge_to_pulse_full_scale_C"] == before["charge_to_pulse_full_scale_C"]
    assert after["slope_units_per_V"] > 1.3 * before["slope_units_per_V"]
    assert after["zero_crossing_V"] < before["zero_crossing_V"] - 0.01
    retrimmed = json.loads((wide.page.parent / "result.json").read_text())["configurations"]
    assert {"changed.paper", "retrimmed.paper"} <= set(retrimmed)


def test_the_sentence_names_zero_crossing_slope_retention_and_loss(wide: Outcome) -> None:
    sentence = wide.result["sentence"]
    for word in ("zero crossing", "slope", "retention", "loss", "retrimmed"):
        assert word in sentence
    assert sentence.endswith(".")
    assert sentence.count(".") - len(re.findall(r"\d\.\d|gain_cell\.wn", sentence)) == 1  # one sentence


def test_the_page_has_every_figure_and_no_other_file(wide: Outcome) -> None:
    page = wide.page.read_text()
    assert page.count("<svg") == 8
    assert not re.findall(r'(?:src|href)="(?!#)[^"]*"', re.sub(r"<svg.*?</svg>", "", page, flags=re.S))
    assert wide.result["sentence"].split(";")[0] in page


def test_the_model_that_is_left_can_be_loaded(wide: Outcome) -> None:
    from gaincell_char.behavior import load_model

    assert load_model(wide.model).parameters["gain_cell.wn"] == WIDE["gain_cell.wn"]


def test_an_own_hold_voltage_is_swept_too(tmp_path: Path) -> None:
    stages = {stage.name: stage for stage in loop(Request({"gain_cell.wwl_hold_V": -0.4}, sizes=SMALL), tmp_path, 1)}
    default, changed = (len(stages[f"sweep.retention{suffix}"].inputs["decks"]) for suffix in ("", "@changed"))
    assert changed == default // 3 * 4


@pytest.mark.parametrize(("given", "expected"), [
    ({"gain_cell.wm": 1e-7}, "did you mean .*gain_cell.wn"),
    ({"gain_cell.wn": -1e-7}, "gain_cell.wn"),
    ({"gain_cell.wn": 1.0}, "gain_cell.wn"),
])  # fmt: skip
def test_impossible_parameters_are_refused_before_anything_runs(
    given: dict[str, float], expected: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=expected):
        run(Request(given, sizes=SMALL), tmp_path / "out", 1)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("arguments", "expected"), [
    (["--set", "gain_cell.wn=1M"], "1 milli"),
    (["--set", "gain_cell.wn=nan"], "not a number"),
    (["--set", "gain_cell.wn=2\n.control"], "not a number"),
    (["--retrim"], "nothing is changed"),
])  # fmt: skip
def test_bad_arguments_get_one_line(arguments: list[str], expected: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(command, [*arguments, "-o", str(tmp_path / "out")])
    assert isinstance(done.exception, GaincellError)
    assert expected in str(done.exception)
    assert "\n" not in str(done.exception)

"""Contradictions within a model, differences between two, and the commands that print them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gaincell_char.behavior import BehavioralModel, diff, load_model, save_model, validate
from gaincell_char.behavior.quantities import quantities
from gaincell_char.cli.model import command
from gaincell_char.errors import LimitError


def with_cell(model: BehavioralModel, **changes: Any) -> BehavioralModel:
    return model.model_copy(update={"cell": model.cell.model_copy(update=changes)})


@pytest.fixture
def model() -> BehavioralModel:
    return load_model("leroux2025")


def test_published_models_do_not_contradict_themselves(model: BehavioralModel) -> None:
    assert validate(model) == []
    assert validate(load_model("leroux2025_linear")) == []


def test_contradictions_are_named(model: BehavioralModel) -> None:
    current, retention = model.cell.current, model.cell.retention
    cases = {
        "cell.level_range_V": with_cell(model, level_range_V=(0.9, 0.0)),
        "cell.current.domain": with_cell(model, level_range_V=(0.0, 1.2)),
        "cell.current: no stored voltage": with_cell(
            model, current=current.model_copy(update={"coefficients": [9.0, 1.0]})
        ),
        "cell.current: degree 3": with_cell(model, kind="linear"),
        "cell.retention.lambda_per_token": with_cell(model, retention=retention.model_copy(update={"tau_s": 1.0})),
        "charge_to_pulse.full_scale_C": model.model_copy(
            update={"charge_to_pulse": model.charge_to_pulse.model_copy(update={"full_scale_C": 1e-12})}
        ),
    }
    for start, broken in cases.items():
        faults = validate(broken)
        assert any(fault.startswith(start) for fault in faults), (start, faults)


def test_equal_models_do_not_differ(model: BehavioralModel) -> None:
    found = diff(model, load_model("leroux2025"))
    assert found.quantities == found.fields == ()


def test_a_change_shows_as_figures_and_as_fields(model: BehavioralModel) -> None:
    coefficients = [1.1 * a for a in model.cell.current.coefficients]
    wider = with_cell(model, current=model.cell.current.model_copy(update={"coefficients": coefficients}))
    found = diff(model, wider)
    figures = {change.name: change for change in found.quantities}
    assert figures["slope_A_per_V"].relative == pytest.approx(0.1)
    assert figures["gain"].relative == pytest.approx(0.1)
    assert figures["A_2"].relative == pytest.approx(-0.1)  # toward more negative
    assert "zero_crossing_V" not in figures or abs(figures["zero_crossing_V"].relative or 0) < 1e-12
    (field,) = found.fields
    assert field.name == "cell.current.coefficients"
    assert field.relative == pytest.approx(0.1)


def test_fields_that_one_model_lacks(model: BehavioralModel) -> None:
    found = diff(model, with_cell(model, retention=None))
    assert ("tau_s", 5e-3, None, None) in [(c.name, c.a, c.b, c.relative) for c in found.quantities]
    assert "cell.retention.tau_s" in {change.name for change in found.fields}
    longer = with_cell(model, current=model.cell.current.model_copy(update={"coefficients": [1.0, 2.0]}))
    assert diff(model, longer).fields[0].relative is None


def test_quantities_of_the_published_cell(model: BehavioralModel) -> None:
    figures = quantities(model)
    assert figures["zero_crossing_V"].value == pytest.approx(0.41216, abs=1e-5)
    assert figures["A_3"].value == 46.05483778
    assert figures["decay_per_token"].value == 1.6e-4
    assert figures["gain"].value == pytest.approx(0.9952, abs=1e-4)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_show() -> None:
    assert "zero_crossing_V" in run("show", "leroux2025")
    shown = json.loads(run("show", "leroux2025", "--json"))
    assert shown["quantities"]["tau_s"] == {"value": 0.005, "unit": "s"}


def test_validate(tmp_path: Path, model: BehavioralModel) -> None:
    assert run("validate", "leroux2025") == "leroux2025: valid\n"
    path = tmp_path / "broken.json"
    save_model(with_cell(model, kind="linear"), path)
    result = CliRunner().invoke(command, ["validate", str(path), "--json"])
    assert isinstance(result.exception, LimitError)
    assert json.loads(result.stdout)["faults"] == [
        "cell.current: degree 3 in a cell of kind linear; expected at most 1"
    ]


def test_diff() -> None:
    assert run("diff", "leroux2025", "leroux2025") == "the models are equal\n"
    text = run("diff", "leroux2025", "leroux2025_linear")
    assert "+9.18 %" in text
    assert "4 fields differ" in text
    assert "cell.kind" in run("diff", "leroux2025", "leroux2025_linear", "--fields")
    found = json.loads(run("diff", "leroux2025", "leroux2025_linear", "--json"))
    changed = {change["name"]: change["relative"] for change in found["quantities"]}
    assert changed["A_0"] == -1.0

"""A model survives the disk exactly, and a file that is no model is refused in one line that names the field."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gaincell_char.behavior.store as store
from gaincell_char.behavior import BehavioralModel, load_model, save_model
from gaincell_char.behavior.published import bundled_texts, published_models
from gaincell_char.behavior.store import bundled_models, model_text, read_model
from gaincell_char.errors import EnvironmentFault, InputError
from gaincell_char.paths import data_folder


@pytest.mark.parametrize("name", sorted(bundled_texts()))
def test_bundled_files_are_current(name: str) -> None:
    """Remake them: python -m gaincell_char.behavior.published"""
    assert (data_folder("models") / name).read_text() == bundled_texts()[name]


def test_every_bundled_model_loads_by_name() -> None:
    assert {"leroux2025", "leroux2025_linear"} <= set(bundled_models())
    for name in bundled_models():
        assert load_model(name).schema_version == 1


def test_the_published_models() -> None:
    nonlinear, linear = load_model("leroux2025"), load_model("leroux2025_linear")
    assert nonlinear.cell.zero_crossing_V == pytest.approx(0.41216, abs=1e-5)
    assert linear.cell.zero_crossing_V == pytest.approx(0.45)
    # C_i0 + C_i1 V_in + ... at V_in = 0.9, as published
    table = [
        [0.17393044, 0.15653739, 0.14088365, 0.12679529],
        [5.51975209, 4.96777688, 4.4709992],
        [-1.44776001, -1.30298401],
        [46.05483778],
    ]
    sums = [sum(c * 0.9**j for j, c in enumerate(row)) for row in table]
    assert nonlinear.cell.current.coefficients == pytest.approx(sums, rel=1e-8)
    assert nonlinear.cell.retention.decay_per_token == 1.6e-4
    assert linear.cell.current(0.9) == pytest.approx(19.3 * 0.45)


@pytest.mark.parametrize("name", sorted(bundled_models()))
def test_saving_changes_nothing(tmp_path: Path, name: str) -> None:
    model = load_model(name)
    path = tmp_path / "a folder" / "model.json"
    save_model(model, path)
    assert load_model(path) == model
    assert model_text(load_model(str(path))) == path.read_text()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=9))
def test_floats_return_exactly(coefficients: list[float]) -> None:
    model = published_models()["leroux2025"]
    current = model.cell.current.model_copy(update={"coefficients": coefficients})
    changed = model.model_copy(update={"cell": model.cell.model_copy(update={"current": current})})
    again = read_model(model_text(changed), "text").cell.current.coefficients
    assert [x.hex() for x in again] == [x.hex() for x in coefficients]


def test_equal_models_give_equal_bytes() -> None:
    model = published_models()["leroux2025"]
    one, other = ({"b": 1.0, "a": 2.0}, {"a": 2.0, "b": 1.0})
    texts = {model_text(model.model_copy(update={"parameters": parameters})) for parameters in (one, other)}
    assert len(texts) == 1


def _edited(change: Callable[[dict[str, Any]], None]) -> str:
    document = json.loads(model_text(published_models()["leroux2025"]))
    change(document)
    return json.dumps(document)


TEXT = model_text(published_models()["leroux2025"])
BAD = {
    "truncated": (TEXT[: len(TEXT) // 2], "not JSON: the file ends too early, it may be truncated"),
    "truncated in a word": (TEXT[:30], "it may be truncated"),
    "empty": ("", "it may be truncated"),
    "not an object": ("[1, 2]", "expected a JSON object"),
    "not json": ('{"schema_version" 1}', "line 1, column 19: not JSON"),
    "deep": ("[" * 100000, "nested too deeply"),
    "unknown version": (TEXT.replace('"schema_version": 1', '"schema_version": 2'), "schema_version: 2; this version"),
    "version true": (TEXT.replace('"schema_version": 1', '"schema_version": true'), "schema_version: True"),
    "no version": ("{}", "schema_version: missing"),
    "NaN": (TEXT.replace("13.612260634", "NaN"), "cell.current.coefficients.1: nan is not a finite number"),
    "Infinity": (TEXT.replace("0.52136361391", "-Infinity"), "cell.current.coefficients.0: -inf is not"),
    "1e999": (TEXT.replace('"tau_s": 0.005', '"tau_s": 1e999'), "cell.retention.tau_s: inf is not a finite number"),
    "duplicate": (
        TEXT.replace('"tau_s": 0.005', '"tau_s": 0.005, "tau_s": 0.006'),
        "cell.retention.tau_s: this key is given twice",
    ),
    "unknown field": (_edited(lambda d: d["cell"].update(colour="red")), "cell.colour: unknown field"),
    "missing": (_edited(lambda d: d["cell"].pop("n_levels")), "cell.n_levels: field required"),
    "negative": (_edited(lambda d: d["cell"].update(unit_current_A=-1.0)), "cell.unit_current_A: input should be gr"),
    "text": (_edited(lambda d: d["cell"]["retention"].update(tau_s="5m")), "cell.retention.tau_s: input should"),
    "short range": (_edited(lambda d: d["cell"].update(level_range_V=[0.0])), "cell.level_range_V"),
    "no coefficients": (_edited(lambda d: d["cell"]["current"].update(coefficients=[])), "cell.current.coefficients: "),
    "name": (_edited(lambda d: d.update(name="a/b")), "name: string should match pattern"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BAD)
def test_bad_files_are_refused_in_one_line(tmp_path: Path, fault: str) -> None:
    text, line = BAD[fault]
    path = tmp_path / "model.json"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_model(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert line in message
    assert "\n" not in message


def test_wrong_shapes_name_the_field() -> None:
    def ragged(document: dict[str, Any]) -> None:
        knots = {"form": "piecewise_polynomial", "knots": [0.0, 0.5, 0.9], "x_unit": "V", "y_unit": "A"}
        law = {
            "form": "low_rank",
            "token_period_s": 1e-6,
            "age_scale_s": 1e-6,
            "level_factors": [knots | {"coefficients": [[1.0, 2.0], [1.0]]}],
            "age_factors": [knots | {"coefficients": [[1.0], [1.0]]}],
            "error": None,
            "single_tau_s": None,
            "single_tau_error": None,
            "condition": {},
        }
        document["cell"]["retention"] = law

    with pytest.raises(InputError, match=r"m: cell.retention.level_factors.0: coefficients must have 2 rows"):
        read_model(_edited(ragged), "m")


def test_unknown_names_offer_the_nearest() -> None:
    with pytest.raises(InputError, match=r"unknown behavioral model 'leroux25'; did you mean .*leroux2025"):
        load_model("leroux25")
    with pytest.raises(InputError, match=r"none/such.json: no such file"):
        load_model("none/such.json")


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes(b'{"name": "\xe9"}')
    with pytest.raises(InputError, match="not UTF-8 at byte 10"):
        load_model(tmp_path / "latin.json")
    with pytest.raises(InputError, match="is not a file"):
        load_model(tmp_path)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match="cannot write"):
        save_model(published_models()["leroux2025"], tmp_path / "file" / "model.json")


def test_an_interrupted_save_keeps_the_old_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.json"
    models = published_models()
    save_model(models["leroux2025"], path)

    def fail(_: BehavioralModel) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "model_text", fail)
    with pytest.raises(KeyboardInterrupt):
        save_model(models["leroux2025_linear"], path)
    assert load_model(path) == models["leroux2025"]
    assert [file.name for file in tmp_path.iterdir()] == ["model.json"]

"""`gaincell fit` as a user calls it: a process, its exit code, one line on stderr."""

import json
import sys
from pathlib import Path

import pytest
from synthetic_cell import everything, iv

from gaincell_char.behavior import load_model
from gaincell_char.cli.main import main


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("datasets")
    for name, dataset in everything().items():
        dataset.save(folder / f"{name}.parquet")
    return {name: str(folder / f"{name}.parquet") for name in everything()}


def gaincell(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["gaincell", *arguments])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_datasets_become_a_model(
    datasets: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "cell.json"
    assert gaincell(monkeypatch, "fit", *datasets.values(), "-o", str(target), "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    model = load_model(target)
    assert model.name == "cell"
    assert shown["unit_current_A"] == model.cell.unit_current_A
    assert shown["law"]["error"]["maximum"] <= 0.01


def test_a_cell_is_fitted_against_a_nominal_one(
    datasets: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nominal, wide = tmp_path / "nominal.json", tmp_path / "wide.json"
    assert gaincell(monkeypatch, "fit", datasets["iv"], datasets["pulse"], "-o", str(nominal)) == 0
    faster = {name: data for name, data in everything(1.25).items() if name in ("iv", "pulse")}
    paths = []
    for name, data in faster.items():
        data.save(tmp_path / f"{name}.parquet")
        paths.append(str(tmp_path / f"{name}.parquet"))
    capsys.readouterr()
    assert gaincell(monkeypatch, "fit", *paths, "-o", str(wide), "--nominal", str(nominal), "--name", "wide") == 0
    assert "slope 24.125 units/V" in capsys.readouterr().out
    assert load_model(wide).charge_to_pulse == load_model(nominal).charge_to_pulse
    assert gaincell(monkeypatch, "fit", *paths, "-o", str(wide), "--nominal", str(nominal), "--retrim") == 0
    assert "slope 19.300 units/V" in capsys.readouterr().out


def test_bad_input_is_one_line_and_nothing_is_written(
    datasets: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "cell.json"
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(Path(datasets["iv"]).read_bytes()[:500])
    holed = iv()
    holed.frame.loc[7, "status"] = "no_convergence"
    holed.save(tmp_path / "holed.parquet")
    for arguments, expected in [
        ([datasets["iv"], str(damaged)], "not a dataset"),
        ([datasets["iv"], str(tmp_path / "absent.parquet")], "cannot read the dataset"),
        ([datasets["iv"], datasets["iv"]], "a second dataset of"),
        ([datasets["iv"]], "no dataset of the pulse testbench"),
        ([str(tmp_path / "holed.parquet"), datasets["pulse"]], "1 of 1377 points"),
        ([datasets["iv"], datasets["pulse"], "--nominal", "lerouxx2025"], "did you mean leroux2025"),
    ]:
        assert gaincell(monkeypatch, "fit", *arguments, "-o", str(target)) == 2
        message = capsys.readouterr().err
        assert expected in message
        assert message.count("\n") == 1
        assert not target.exists()


def test_retrim_without_a_nominal_cell_is_a_usage_error(
    datasets: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [datasets["iv"], datasets["pulse"], "-o", str(tmp_path / "cell.json"), "--retrim"]
    assert gaincell(monkeypatch, "fit", *arguments) == 2
    assert "without --nominal" in capsys.readouterr().err

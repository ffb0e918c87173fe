"""`gaincell sweep`: one line for what is wrong, the right exit status, data alone on stdout."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import SPEC, Command
from rc_bench import AnalyticEngine

from gaincell_char.sweep.dataset import Dataset

LIMITS = """
limits:
  charged: {column: v_out_V, where: {v_step_V: 2, time_s: 2u}, min: 1, typ: 1.5, max: 2}
  never_negative: {column: v_out_V, min: 0}
"""


@pytest.fixture
def spec(tmp_path: Path, rc: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spec of the RC circuit in a folder with a blank and an umlaut; the engine knows the answer."""
    monkeypatch.setattr("gaincell_char.sweep.run.open_engine", lambda kind: AnalyticEngine())
    monkeypatch.setenv("GAINCELL_CACHE", str(tmp_path / "ein Cache für µ"))
    path = tmp_path / "meine Läufe" / "rc.yaml"
    path.parent.mkdir()
    path.write_text(SPEC + LIMITS)
    return path


def test_run_status_export(gaincell: Command, spec: Path, tmp_path: Path) -> None:
    output = tmp_path / "neuer Ordner" / "rc.parquet"
    status, out, err = gaincell("sweep", "run", spec, "-o", output, "-j", "2")
    assert (status, err) == (0, "")
    assert "pass" in out
    assert f"rc: 36 of 36 points, written to {output}" in out
    assert Dataset.load(output).metadata["sweep"] == "rc"
    assert (tmp_path / "ein Cache für µ" / "sweeps" / "rc.sqlite").is_file()

    status, out, err = gaincell("sweep", "status", spec, "--temp", "27,85")
    assert (status, err) == (0, "")
    assert "rc: 72 points in 24 decks: 12 stored, 0 failed, 12 missing; store " in out

    for suffix, read in (("csv", lambda p: pd.read_csv(p, keep_default_na=False)), ("parquet", pd.read_parquet)):
        assert gaincell("sweep", "export", spec, "-o", tmp_path / f"rc.{suffix}")[0] == 0
        frame = read(tmp_path / f"rc.{suffix}")
        assert frame["v_out_V"].tolist() == Dataset.load(output).frame["v_out_V"].tolist()
    assert gaincell("sweep", "export", spec, "-o", tmp_path / "rc.json")[0] == 0
    exported = json.loads((tmp_path / "rc.json").read_text())
    assert exported["columns"]["v_out_V"] == frame["v_out_V"].tolist()
    assert exported["metadata"] == Dataset.load(output).metadata

    status, out, err = gaincell("sweep", "export", spec, "-o", "-", "--temp", "85")
    assert status == 3
    assert "36 of 36 points have no result" in err
    assert set(pd.read_csv(io.StringIO(out))["status"]) == {"missing"}


def test_json_is_alone_on_stdout(gaincell: Command, spec: Path, tmp_path: Path) -> None:
    status, out, err = gaincell("sweep", "run", spec, "--json", "-o", tmp_path / "rc.parquet")
    assert (status, err) == (0, "")
    result = json.loads(out)
    assert result["points"] == 36
    assert result["failed"] == []
    assert [limit["result"] for limit in result["limits"]] == ["pass", "pass"]
    assert len(result["dataset"]["sha256"]) == 64
    dry = json.loads(gaincell("sweep", "run", spec, "--dry-run", "--json", "--axis", "rc.c=1n,2n")[1])
    assert (dry["decks"], dry["missing"]) == (24, 12)
    assert {(deck["state"], deck["reason"]) for deck in dry["states"]} == {("stored", ""), ("missing", "new")}


@pytest.mark.parametrize(("option", "values"), [("--corner", "ff,ss"), ("--temp", "0,85"), ("--supply", "0.85,0.9")])
def test_a_list_may_be_given_as_repeated_options(gaincell: Command, option: str, values: str) -> None:
    one, other = values.split(",")
    dry = ("sweep", "run", "pulse_counter_count", "--dry-run", "--json")
    repeated = json.loads(gaincell(*dry, option, one, option, other)[1])
    assert repeated == json.loads(gaincell(*dry, option, values)[1])
    assert repeated["decks"] == 2 * json.loads(gaincell(*dry)[1])["decks"]


def test_dry_run_simulates_nothing(gaincell: Command, spec: Path, tmp_path: Path) -> None:
    status, out, _ = gaincell("sweep", "run", spec, "--dry-run", "--store", tmp_path / "s.sqlite")
    assert status == 0
    assert "0 stored, 0 failed, 12 missing" in out
    assert not (tmp_path / "s.sqlite").exists()


def test_explain_says_why(gaincell: Command, spec: Path, rc: Path) -> None:
    gaincell("sweep", "run", spec)
    (rc / "values.lib").write_text(".param unit=1.0\n")
    status, out, _ = gaincell("sweep", "run", spec, "--dry-run", "--explain", "--corner", "ss")
    assert status == 0
    assert "ss, 27 C, 0.9 V, rc.r=1000, v_step_V=0.5, v_start_V=0: missing: values.lib was edited" in out


@pytest.mark.parametrize(
    ("limit", "status", "line"),
    [
        ("where: {v_step_V: 2}, max: 1.5", 1, "charged: fail: 1.7"),
        ("where: {v_step_V: 2, time_s: 2u}, min: 1.9", 1, "charged: fail: 1.1"),
        ("where: {v_step_V: 3}, min: 0", 3, "charged: incomplete: no point of this sweep is asked for"),
    ],
)
def test_limits_decide_the_exit_status(gaincell: Command, spec: Path, limit: str, status: int, line: str) -> None:
    spec.write_text(SPEC + f"limits: {{charged: {{column: v_out_V, {limit}}}}}\n")
    found, out, err = gaincell("sweep", "run", spec)
    assert found == status
    assert line in err
    assert ("fail" if status == 1 else "incomplete") in out


def test_a_failed_deck_is_named_with_its_deck(gaincell: Command, spec: Path, tmp_path: Path) -> None:
    store = tmp_path / "s.sqlite"
    status, out, err = gaincell("sweep", "run", spec, "--axis", "v_step_V=-1,2", "--corner", "tt", "--store", store)
    assert status == 3
    assert "incomplete" in out
    (line, *_) = [line for line in err.splitlines() if line.startswith("failed: ")]
    assert line.startswith(
        "failed: tt, 27 C, 0.9 V, rc.r=1000, v_step_V=-1, v_start_V=0: measure_failed: a step below 0 V; deck "
    )
    deck = Path(line.partition("; deck ")[2])
    assert deck.read_text().startswith("rc step\n")
    assert deck.parent == tmp_path / "s.failed"
    status, out, err = gaincell("sweep", "status", spec, "--axis", "v_step_V=-1,2", "--corner", "tt", "--store", store)
    assert "2 stored, 2 failed, 0 missing" in out
    assert str(deck) in err


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        (["--set", "rc.cc=1n"], 2, "gaincell: rc: parameters: unknown parameter 'rc.cc'; did you mean rc.c"),
        (["--set", "rc.c=1M"], 2, "gaincell: --set rc.c: '1M' is ambiguous: SPICE reads 1 milli, others 1 mega"),
        (["--set", "rc.c=1n\n.control"], 2, "gaincell: --set rc.c: '1n\\n.control' is not a number"),
        (["--set", "rc.c=nan"], 2, "gaincell: --set rc.c: 'nan' is not a number"),
        (["--corner", "tt,sx"], 2, "gaincell: rc: corners: unknown corner 'sx'; did you mean"),
        (["--axis", "v_stop_V=1"], 2, "gaincell: rc: axes: unknown axis 'v_stop_V'; did you mean v_st"),
        (["--axis", "time_s=1u:2u:2000000"], 2, "gaincell: rc: 24000000 points (time_s 2000000 x"),
        (["--temp", "-300"], 2, "gaincell: rc: temperatures_C: -300 is not a temperature"),
        (["-o", "data.xlsx"], 2, "gaincell: data.xlsx: a dataset is written as .parquet, .csv or .json"),
        (["--store", "/proc/none/s.sqlite"], 4, "gaincell: /proc/none/s.sqlite: cannot write there"),
        (["-o", "/proc/none/d.csv"], 4, "gaincell: /proc/none/d.csv: cannot write"),
    ],
)
def test_one_line_and_an_exit_status(
    gaincell: Command, spec: Path, arguments: list[str], status: int, line: str
) -> None:
    found, out, err = gaincell("sweep", "run", spec, *arguments)
    assert found == status
    assert err.startswith(line)
    assert err.count("\n") == 1
    assert "Traceback" not in err + out


def test_what_the_spec_file_lacks(gaincell: Command, spec: Path) -> None:
    spec.write_text(SPEC + "limits:\n  a: {column: v_out_V, max: 1}\n  a: {column: v_out_V, max: 2}\n")
    status, _, err = gaincell("sweep", "run", spec)
    assert status == 2
    assert f"{spec}:8: limits: the key 'a' a second time; keep one" in err
    assert gaincell("sweep", "run", "gain_cel_iv")[0] == 2
    assert "did you mean gain_cell_iv" in gaincell("sweep", "run", "gain_cel_iv")[2]


@pytest.mark.parametrize("name", ["run", "status", "export"])
def test_every_help_has_an_example(gaincell: Command, name: str) -> None:
    status, out, _ = gaincell("sweep", name, "--help")
    assert status == 0
    assert f"Example: gaincell sweep {name} " in out


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed to meet a read-only folder; root can become one")
def test_a_read_only_folder(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from gaincell_char.sweep.lock import only_writer\n"
        "from gaincell_char.sweep.store import Store\n"
        "from gaincell_char.errors import GaincellError\n"
        "with only_writer(Path(sys.argv[1], '../s')), Store(Path(sys.argv[1], '../s')): pass  # imports are done\n"
        "os.setuid(65534)\n"
        "for what in (only_writer(Path(sys.argv[1], 's')).__enter__, lambda: Store(Path(sys.argv[1], 's'))):\n"
        "    try: what()\n"
        "    except GaincellError as error: print(error.exit_code, error)\n"
    )
    folder = tmp_path / "read only"
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR | stat.S_IROTH | stat.S_IXOTH)
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    run = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, check=True)
    assert [line.split()[0] for line in run.stdout.splitlines()] == ["4", "4"]
    assert "read only/s: cannot write there (Permission denied); choose another --store" in run.stdout
    assert "read only/s: cannot write the store (unable to open database file); choose another --store" in run.stdout

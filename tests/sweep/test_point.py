"""`gaincell sweep point`: a folder that holds all a deck needs, and runs by hand wherever it is moved."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import SPEC, Command
from rc_bench import analytic

from gaincell_char.spice.by_hand import write_folder
from gaincell_char.spice.rawfile import read_raw
from gaincell_char.sweep.run import prepare
from gaincell_char.sweep.spec import load_spec

pytestmark = pytest.mark.ngspice


@pytest.fixture
def spec(tmp_path: Path, rc: Path) -> Path:
    path = tmp_path / "rc.yaml"
    path.write_text(SPEC)
    return path


def first_key(spec: Path) -> str:
    return prepare(load_spec(spec)).tasks[0].identity.key


def test_a_point_in_a_folder_runs_by_hand_after_a_move(gaincell: Command, spec: Path, rc: Path, tmp_path: Path) -> None:
    folder = tmp_path / "ein Punkt"
    status, out, err = gaincell("sweep", "point", spec, first_key(spec)[:12] + "-0001", "-o", folder)
    assert (status, err) == (0, "")
    assert "tt, 27 C, 0.9 V, rc.r=1000, v_step_V=0.5, v_start_V=0: ok" in out
    assert {path.name for path in folder.iterdir()} == {
        "deck.cir", "deck.log", "deck.raw", "includes", "point.json", "waveforms.png",
    }  # fmt: skip
    assert (folder / "waveforms.png").read_bytes().startswith(b"\x89PNG")
    summary = json.loads((folder / "point.json").read_text())
    assert (summary["row"], summary["result"], summary["setting"]["corner"]) == (1, "ok", "tt")
    assert summary["rows"][1]["v_out_V"] == pytest.approx(analytic(1e-6, 0.5, 0.0, 1e3, 1e-9), rel=1e-3)

    for path in (*folder.rglob("*.cir"), *folder.rglob("*.lib")):
        assert str(tmp_path) not in path.read_text()
    moved = tmp_path / "moved"
    shutil.move(folder, moved)
    shutil.rmtree(rc)
    (moved / "deck.raw").unlink()
    for arguments, stdin in ((["-b", "deck.cir"], ""), (["deck.cir"], "quit\n")):
        environment = {**os.environ, "HOME": str(tmp_path)}
        done = subprocess.run(["ngspice", *arguments], cwd=moved, input=stdin, env=environment, capture_output=True,
                              text=True, timeout=60, check=False)  # fmt: skip
        assert done.returncode == 0 or stdin, done.stderr  # without a terminal ngspice ends a session with 1
        (plot,) = read_raw(moved / "deck.raw")
        assert "v(out)" in plot.names
        (moved / "deck.raw").unlink()


def test_a_failed_point_keeps_its_log_and_says_why(gaincell: Command, spec: Path, tmp_path: Path) -> None:
    spec.write_text(SPEC.replace("[0.5, 1.0, 2.0]", "[-1.0]"))
    folder = tmp_path / "p"
    status, out, _ = gaincell("sweep", "point", spec, first_key(spec)[:12], "-o", folder, "--json")
    assert status == 3
    document = json.loads(out)
    assert document["result"] == "measure_failed: a step below 0 V"
    assert document["rows"] == []
    assert (folder / "deck.log").stat().st_size > 100
    assert Path(document["picture"]).is_file()


def test_a_folder_is_used_again_but_no_other_one_is_touched(gaincell: Command, spec: Path, tmp_path: Path) -> None:
    key, folder = first_key(spec), tmp_path / "p"
    assert gaincell("sweep", "point", spec, key[:8], "-o", folder)[0] == 0
    assert gaincell("sweep", "point", spec, key[:8], "-o", folder)[0] == 0
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    status, _, err = gaincell("sweep", "point", spec, key[:8], "-o", other)
    assert status == 2
    assert "not empty, and no folder of an earlier point" in err
    assert [path.name for path in other.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("point", "line"),
    [
        ("ffffffffffff-0000", "names no deck of this sweep"),
        ("ab", "names no deck"),
        ("KEY-0003", "points 0000 to 0002"),
    ],
)
def test_a_point_that_is_not_there(gaincell: Command, spec: Path, tmp_path: Path, point: str, line: str) -> None:
    status, _, err = gaincell("sweep", "point", spec, point.replace("KEY", first_key(spec)[:12]), "-o", tmp_path / "p")
    assert status == 2
    assert line in err


def test_the_sample_of_a_cell_is_in_its_folder(gaincell: Command, tmp_path: Path) -> None:
    axes = ["--corner", "tt", "--axis", "v_store_V=0.4,0.5", "--axis", "v_bl_V=0.45", "--sample", "3", "--seed", "1"]
    store = tmp_path / "s.sqlite"
    status, out, _ = gaincell(
        "sweep", "run", "gain_cell_iv", *axes, "--store", store, "-o", tmp_path / "d.json", "-j", 1
    )
    assert status in (0, 1, 3)
    table = json.loads((tmp_path / "d.json").read_text())["columns"]
    status, out, _ = gaincell(
        "sweep", "point", "gain_cell_iv", table["point_id"][1], *axes, "-o", tmp_path / "p", "--json"
    )
    assert status == 0
    assert json.loads(out)["rows"][0]["current_A"] == pytest.approx(table["current_A"][1], rel=1e-12)
    assert "delvto" in (tmp_path / "p" / "deck.cir").read_text()


def test_includes_keep_their_places(rc: Path, tmp_path: Path) -> None:
    deck = prepare(load_spec("gain_cell_iv")).tasks[0].deck
    write_folder(deck, tmp_path / "p")
    copies = {str(path.relative_to(tmp_path / "p")) for path in (tmp_path / "p").rglob("*.lib")}
    assert copies == {"includes/gain_cell.lib", "includes/technologies/cmos28.lib"}

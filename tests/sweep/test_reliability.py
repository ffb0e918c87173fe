"""Faults that no other test meets: rows of docs/reliability.md."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from pathlib import Path

import pytest
from conftest import SPEC, Command, make_spec
from rc_bench import AnalyticEngine

from gaincell_char.errors import InputError
from gaincell_char.spice.batch import BatchEngine
from gaincell_char.spice.deck import assignments, number
from gaincell_char.spice.simulator import environment
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure
from gaincell_char.sweep.run import run_sweep

LONG = Deck("a long transient\nv1 a 0 sin(0 1 1e9)\nr1 a b 1k\nc1 b 0 1p\n.tran 1p 1m 0 1p\n.end\n", ("v(b)",))


@pytest.mark.ngspice
def test_a_kill_of_the_real_simulator_is_never_an_empty_success(tmp_path: Path) -> None:
    """Row 3: kill -9 while it writes."""

    def kill_soon() -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    mine = path.read_bytes().split(b"\0")[0].endswith(b"ngspice") and (path.parent / "cwd").resolve()
                except OSError:
                    continue
                if mine and mine.parent == tmp_path:
                    time.sleep(0.3)
                    os.kill(int(path.parent.name), signal.SIGKILL)
                    return
            time.sleep(0.02)

    thread = threading.Thread(target=kill_soon)
    thread.start()
    with pytest.raises(SimulationFailure) as caught:
        BatchEngine(scratch=tmp_path).run(LONG, 60)
    thread.join()
    assert caught.value.kind is FailureKind.KILLED


@pytest.mark.parametrize(
    "text",
    ["testbench: ../../etc/passwd.x", "testbench: rc.step\ntechnology: ../cmos28",
     "testbench: rc.step\ntechnology: /etc",
     "testbench: rc.step\nnetlist: /etc/passwd", "testbench: rc.step\ninclude: ../x.lib"],
)  # fmt: skip
def test_a_spec_names_no_file(text: str) -> None:
    """Row 25: nothing in a spec is a path, so nothing leads out of the installation."""
    with pytest.raises(InputError) as caught:
        make_spec(f"name: x\n{text}\n")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["../escape", "a/b", "/tmp/x", "..", "a b", "a\\nb"])
def test_a_spec_is_not_kept_elsewhere_by_its_name(name: str) -> None:
    """Row 25: the name of a sweep becomes the name of its store."""
    with pytest.raises(InputError, match="name: "):
        make_spec(SPEC.replace("name: rc", f'name: "{name}"'))


def test_without_ngspice_the_exit_status_is_4_and_models_still_work(
    gaincell: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 30."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("GAINCELL_CACHE", str(tmp_path))
    monkeypatch.delenv("GAINCELL_NGSPICE", raising=False)
    for arguments in (["sweep", "run", "gain_cell_iv"], ["check", "gain_cell_iv"]):
        status, out, err = gaincell(*arguments)
        assert (status, out) == (4, "")
        assert re.fullmatch(r"gaincell: no ngspice on PATH; install the Debian package ngspice .*\n", err)
    status, out, err = gaincell("model", "show", "leroux2025")
    assert (status, err) == (0, "")
    assert "leroux2025: " in out


def test_a_path_as_long_as_it_may_be(
    gaincell: Command, rc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 33: a path of 400 characters works; what SQLite or the file system cannot take is said in a line."""
    monkeypatch.setattr("gaincell_char.sweep.run.open_engine", lambda kind: AnalyticEngine())
    spec = tmp_path / "rc.yaml"
    spec.write_text(SPEC)
    deep = tmp_path.joinpath(*["ordner mit ä " + "x" * 180] * 2)
    status, out, err = gaincell("sweep", "run", spec, "--store", deep / "s.sqlite", "-o", deep / "d.csv", "-j", 1)
    assert (status, err) == (0, "")
    assert "36 of 36 points" in out
    for too_long in (deep / ("z" * 200), tmp_path / ("y" * 300)):
        status, _, err = gaincell("sweep", "run", spec, "--store", too_long / "s.sqlite")
        assert status == 4
        assert err.count("\n") == 1
        assert "choose another --store" in err


def test_another_version_of_ngspice_is_a_miss_and_said(
    gaincell: Command, rc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 9."""

    class Newer(AnalyticEngine):
        identity = "analytic-2"

    spec, store = tmp_path / "rc.yaml", tmp_path / "s.sqlite"
    spec.write_text(SPEC)
    run_sweep(make_spec(), store=store, engine=AnalyticEngine, workers=1)
    monkeypatch.setattr("gaincell_char.sweep.run.open_engine", lambda kind: Newer())
    status, out, _ = gaincell("sweep", "run", spec, "--store", store, "--dry-run", "--explain")
    assert status == 0
    assert out.count("engine: analytic-1 -> analytic-2") == 12
    assert "0 stored, 0 failed, 12 missing" in out


def test_a_user_with_a_decimal_comma_reaches_no_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 34: numbers are written and read with a point whatever the user's locale."""
    monkeypatch.setattr("locale._override_localeconv", {"decimal_point": ",", "thousands_sep": "."}, raising=False)
    assert number(1234.5e-9) == "1.2345e-06"
    assert assignments({"w": 0.25}) == "w=0.25"
    for name in ("LC_NUMERIC", "LC_ALL", "LANG"):
        monkeypatch.setenv(name, "de_DE.UTF-8")
    kept = {name: value for name, value in environment().items() if name.startswith("LC_")}
    assert kept == {"LC_ALL": "C"}

"""`gaincell doctor` says what is there, tries it, and names what to install."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fake_ngspice import Play

from gaincell_char.spice.capabilities import capabilities
from gaincell_char.spice.simulator import library, simulator


def _doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gaincell_char.cli.main", "doctor", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.ngspice
def test_a_whole_machine() -> None:
    run = _doctor("--json")
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["problems"] == []
    assert found["ngspice"]["version"] == simulator().version
    assert found["libngspice"] == str(library())
    assert Path(found["libngspice"]).is_absolute()
    tried = {each["name"]: each["works"] for each in found["capabilities"]}
    assert tried["BSIM4 4.8 in the batch engine"]
    assert tried["BSIM4 4.8 in the session engine"]
    assert tried["the engines agree"]
    assert isinstance(tried["KLU solver"], bool)
    assert "leroux2025" in found["models"]
    assert found["packages"]["PySpice"]


@pytest.mark.ngspice
def test_for_people() -> None:
    run = _doctor()
    assert run.returncode == 0, run.stderr
    lines = {line.split("  ")[0].strip(): line for line in run.stdout.splitlines()}
    assert str(simulator().path) in lines["ngspice"]
    assert "yes" in lines["the engines agree"]


def test_without_a_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAINCELL_NGSPICE", "/nowhere/ngspice")
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", "/nowhere/libngspice.so.0")
    run = _doctor("--json")
    assert run.returncode == 4
    assert run.stderr.count("\n") == 1
    assert "install the Debian package ngspice" in run.stderr
    assert "/nowhere/libngspice.so.0" in run.stderr
    found = json.loads(run.stdout)
    assert found["ngspice"] is None
    assert len(found["problems"]) == 2


@pytest.mark.ngspice
def test_a_library_that_does_not_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "libngspice.so.0"
    broken.write_bytes(b"not a library")
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", str(broken))
    run = _doctor()
    assert run.returncode == 4
    assert "reinstall the Debian package libngspice0" in run.stderr
    assert "Traceback" not in run.stderr


def test_an_old_ngspice_is_found_out(play: Play) -> None:
    play(stderr="Device type BSIM4 version 4.8 not available in this binary\n")
    tried = {each.name: each for each in capabilities(simulator())}
    bsim = tried["BSIM4 4.8 in the batch engine"]
    assert bsim.required
    assert not bsim.works
    assert "no BSIM4 version 4.8" in bsim.seen

"""Faults of the process, played by a script: kills, hangs, full disks, false success."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from fake_ngspice import Play
from raw_bytes import raw_bytes

from gaincell_char.errors import EnvironmentFault
from gaincell_char.spice.batch import BatchEngine
from gaincell_char.spice.deck import build
from gaincell_char.spice.keep import run_deck
from gaincell_char.spice.simulator import simulator
from gaincell_char.spice.types import FailureKind, SimulationFailure

DECK = build("divider", ["v1 in 0 1", "r1 in out 1e3", "r2 out 0 1e3"], ".dc v1 0 1 0.5", ["v(out)"])
DATA = np.array([[0.0, 0.5, 1.0], [0.0, 0.25, 0.5]])
RAW = raw_bytes(("v(v-sweep)", "v(out)"), DATA)


def _failure(engine: BatchEngine, timeout_s: float = 10.0) -> SimulationFailure:
    with pytest.raises(SimulationFailure) as caught:
        engine.run(DECK, timeout_s)
    return caught.value


def test_a_good_run(play: Play) -> None:
    engine = play(raw=RAW)
    np.testing.assert_array_equal(engine.run(DECK).vectors["v(out)"], DATA[1])


def test_version_is_asked_of_the_program(play: Play) -> None:
    engine = play()
    assert simulator().version == "99.1"
    assert engine.identity.startswith("ngspice-99.1 build ")
    assert engine.identity.endswith(" batch")


def test_the_simulator_is_killed(play: Play) -> None:
    failure = _failure(play(raw=raw_bytes(("v(v-sweep)", "v(out)"), DATA, announced=0), script="kill -9 $$"))
    assert failure.kind is FailureKind.KILLED


def test_a_hang_is_stopped_with_its_whole_group(play: Play, fake_folder: Path) -> None:
    engine = play(script=f'sleep 300 & echo $! > "{fake_folder}/child"; wait')
    start = time.monotonic()
    failure = _failure(engine, timeout_s=0.5)
    assert failure.kind is FailureKind.TIMEOUT
    assert time.monotonic() - start < 5
    for name in ("pid", "child"):
        pid = int((fake_folder / name).read_text())
        assert _gone(pid), f"{name} {pid} still runs"


def _gone(pid: int) -> bool:
    for _ in range(50):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_ctrl_c_leaves_no_simulator(play: Play, fake_folder: Path) -> None:
    engine = play(script="sleep 300")
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            engine.run(DECK)
    finally:
        signal.signal(signal.SIGINT, before)
    assert _gone(int((fake_folder / "pid").read_text()))


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (None, "no result"),
        (RAW[:-8], "cut short"),
        (RAW[:60], "header of the raw file is cut short"),
        (raw_bytes(("v(v-sweep)", "v(out)"), DATA, announced=0), "no points"),
        (b"", "no result"),
    ],
)
def test_exit_code_0_without_a_whole_result(play: Play, raw: bytes | None, says: str) -> None:
    failure = _failure(play(raw=raw))
    assert failure.kind is FailureKind.INCOMPLETE
    assert says in failure.message


def test_exit_code_0_after_a_fault(play: Play) -> None:
    failure = _failure(play(raw=RAW, stderr="Warning: singular matrix:  check node out\n"))
    assert failure.kind is FailureKind.SINGULAR


def test_the_file_size_limit(play: Play) -> None:
    assert _failure(play(raw=RAW[:-8], script="exit 153")).kind is FailureKind.DISK


def test_a_full_disk(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    full = shutil._ntuple_diskusage(1 << 30, 1 << 30, 512)  # type: ignore[attr-defined]
    monkeypatch.setattr("shutil.disk_usage", lambda path: full)
    failure = _failure(play(raw=RAW[:-8]))
    assert failure.kind is FailureKind.DISK
    assert "512 bytes are free" in failure.message
    assert "40 of 48 bytes" in failure.message


def test_an_unwritable_temporary_folder(play: Play, tmp_path: Path) -> None:
    play(raw=RAW)
    with pytest.raises(EnvironmentFault, match="TMPDIR"):
        BatchEngine(scratch=tmp_path / "nowhere").run(DECK)


def test_a_failed_deck_is_kept(play: Play, tmp_path: Path) -> None:
    engine = play(stderr="Warning: singular matrix:  check node out\n", raw=RAW)
    with pytest.raises(SimulationFailure, match=r"node out has no path .*; deck: .*/deck\.cir") as caught:
        run_deck(engine, DECK, folder=tmp_path / "failed")
    path = Path(caught.value.message.rpartition("deck: ")[2])
    assert path.read_text() == DECK.text
    assert "singular matrix" in (path.parent / "why.log").read_text()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_deck_that_cannot_be_kept_does_not_hide_the_failure(play: Play, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    engine = play(stderr="Warning: singular matrix:  check node out\n", raw=RAW)
    with pytest.raises(SimulationFailure, match="could not be kept"):
        run_deck(engine, DECK, folder=tmp_path / "failed")


def test_a_file_in_the_way_does_not_hide_the_failure(play: Play, tmp_path: Path) -> None:
    (tmp_path / "failed").write_text("a file")
    engine = play(stderr="Warning: singular matrix:  check node out\n", raw=RAW)
    with pytest.raises(SimulationFailure, match=r"node out.*could not be kept"):
        run_deck(engine, DECK, folder=tmp_path / "failed")


def test_no_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GAINCELL_NGSPICE", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EnvironmentFault, match="Debian package ngspice") as caught:
        BatchEngine()
    assert caught.value.exit_code == 4


def test_a_program_that_is_no_ngspice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\necho hello\n")
    other.chmod(0o755)
    monkeypatch.setenv("GAINCELL_NGSPICE", str(other))
    with pytest.raises(EnvironmentFault, match="does not answer as ngspice does"):
        BatchEngine()

"""Runs that are stopped by force, at any moment: resumed, they give the same bytes, and nothing is left running."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import SPEC

from gaincell_char.keys import file_digest

GAINCELL = [sys.executable, "-m", "gaincell_char.cli.main"]
TWENTY_DECKS = ["gain_cell_iv_temperature", "--axis", "gain_cell.wn=60n:200n:4", "--corner", "tt,ff,ss,sf,fs",
                "--temp", "27", "--supply", "0.9"]  # fmt: skip
SLOW = [sys.executable, str(Path(__file__).with_name("slow_sweep.py"))]


def descendants(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            child = int(path.parent.name)
            found += [child, *descendants(child)]
    return found


def gone(pids: list[int], within_s: float = 10.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not [pid for pid in pids if alive(pid)]:
            return True
        time.sleep(0.02)
    return False


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill_and_resume(arguments: list[str], folder: Path, after_bytes: float, delay_s: float) -> tuple[str, bool, int]:
    """Kill a run -9 a moment after its store has grown so far, run again: the dataset's sha256, whether the kill met a
    living run, and how many decks that run had committed."""
    folder.mkdir(parents=True)
    output = folder / "dataset.parquet"
    command = [*GAINCELL, "sweep", "run", *arguments, "--store", str(folder / "store.sqlite"), "-o", str(output)]
    victim = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while victim.poll() is None and size(folder / "store.sqlite-wal") < after_bytes:
        time.sleep(0.002)
    time.sleep(delay_s)
    children = descendants(victim.pid)
    met = victim.poll() is None
    victim.kill()
    victim.wait()
    assert gone(children)
    assert not met or not output.exists() or output.read_bytes().endswith(b"PAR1")
    committed = stored_after_kill(folder)
    resumed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert resumed.returncode == 0, resumed.stderr
    left = {path.name for path in folder.iterdir() if not path.name.startswith(".dataset.parquet.")}
    assert left == {"dataset.parquet", "store.sqlite", "store.sqlite.lock"}
    return file_digest(output), met, committed


def size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def stored_after_kill(folder: Path) -> int:
    """Counted on a copy: the resumed run must find the store exactly as the kill left it."""
    with tempfile.TemporaryDirectory() as copy:
        for path in folder.glob("store.sqlite*"):
            shutil.copy(path, copy)
        return stored(Path(copy))


def uninterrupted(arguments: list[str], folder: Path) -> tuple[str, int]:
    """The dataset's sha256, and the bytes of the store."""
    folder.mkdir(parents=True)
    output, store = folder / "dataset.parquet", folder / "store.sqlite"
    command = [*GAINCELL, "sweep", "run", *arguments, "--store", str(store), "-o", str(output), "-j", "1"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return file_digest(output), store.stat().st_size


@pytest.mark.ngspice
def test_three_kills_of_the_gain_cell_sweep(tmp_path: Path) -> None:
    arguments = [*TWENTY_DECKS, "--axis", "v_bl_V=0.4:0.5:3"]
    wanted, store_bytes = uninterrupted(arguments, tmp_path / "whole")
    results = [kill_and_resume(arguments, tmp_path / str(n), n * store_bytes / 3, 0.05) for n in range(3)]
    assert {digest for digest, _, _ in results} == {wanted}
    assert any(met and committed for _, met, committed in results)


@pytest.mark.ngspice
@pytest.mark.full
@pytest.mark.timeout(3600)
def test_twenty_kills_of_the_gain_cell_sweep(tmp_path: Path) -> None:
    arguments = [*TWENTY_DECKS, "--axis", "v_bl_V=0.25:0.65:17"]
    wanted, store_bytes = uninterrupted(arguments, tmp_path / "whole")
    moments = random.Random(3)
    results = [
        kill_and_resume(arguments, tmp_path / str(n), moments.uniform(-0.1, 1) * store_bytes, moments.uniform(0, 0.2))
        for n in range(20)
    ]
    print(f"\ndecks of 20 committed when killed: {[committed for _, met, committed in results if met]}")
    assert {digest for digest, _, _ in results} == {wanted}
    assert sum(met and 0 < committed < 20 for _, met, committed in results) >= 10


@pytest.fixture
def slow(tmp_path: Path, rc: Path) -> Iterator[subprocess.Popen[str]]:
    """A run of 12 decks of 0.5 s on two workers, with some decks done."""
    (tmp_path / "rc.yaml").write_text(SPEC)
    command = [
        *SLOW,
        str(rc),
        "0.5",
        "sweep",
        "run",
        str(tmp_path / "rc.yaml"),
        "--store",
        str(tmp_path / "store.sqlite"),
        "-j",
        "2",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_results(tmp_path / "store.sqlite", 2)
    yield process
    process.kill()
    process.wait()


def rows(store: Path) -> dict[str, int]:
    """Key -> row of every result."""
    try:
        with sqlite3.connect(f"file:{store}?mode=rw", uri=True) as raw:
            return dict(raw.execute("SELECT key, rowid FROM result").fetchall())
    except sqlite3.Error:
        return {}


def stored(folder: Path) -> int:
    return len(rows(folder / "store.sqlite"))


def wait_for_results(store: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(rows(store)) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_one_interrupt_finishes_what_runs(slow: subprocess.Popen[str], tmp_path: Path) -> None:
    children = descendants(slow.pid)
    slow.send_signal(signal.SIGINT)
    _, err = slow.communicate(timeout=60)
    assert slow.returncode == 130
    assert "finishing the decks that run; Ctrl-C again stops them" in err
    assert "interrupted; what was finished is kept" in err
    assert "Traceback" not in err
    assert 3 <= stored(tmp_path) <= 10
    assert gone(children)


def test_two_interrupts_stop_at_once(slow: subprocess.Popen[str], tmp_path: Path) -> None:
    children = descendants(slow.pid)
    assert len(children) >= 2
    before = stored(tmp_path)
    slow.send_signal(signal.SIGINT)
    time.sleep(0.05)
    slow.send_signal(signal.SIGINT)
    _, err = slow.communicate(timeout=60)
    assert slow.returncode == 130
    assert "Traceback" not in err
    assert stored(tmp_path) <= before + 2
    assert gone(children)


def test_a_killed_run_leaves_no_process(slow: subprocess.Popen[str]) -> None:
    children = descendants(slow.pid)
    assert len(children) >= 2
    slow.kill()
    slow.wait()
    assert gone(children)


def test_a_killed_worker_costs_nothing(slow: subprocess.Popen[str], tmp_path: Path) -> None:
    workers = [pid for pid in descendants(slow.pid) if "slow_sweep" in Path(f"/proc/{pid}/cmdline").read_text()]
    os.kill(workers[0], signal.SIGKILL)
    out, err = slow.communicate(timeout=60)
    assert slow.returncode == 0, err
    assert "rc: 36 of 36 points" in out
    assert stored(tmp_path) == 12


def test_a_second_run_is_told_who_has_the_store(slow: subprocess.Popen[str], tmp_path: Path, rc: Path) -> None:
    slow.send_signal(signal.SIGSTOP)
    arguments = ["sweep", "run", str(tmp_path / "rc.yaml"), "--store", str(tmp_path / "store.sqlite")]
    command = [*SLOW, str(rc), "0", *arguments]
    second = subprocess.run(command, capture_output=True, text=True, check=False)
    assert second.returncode == 4
    assert f"store.sqlite: in use by process {slow.pid}; wait for it, or choose another --store" in second.stderr
    slow.kill()
    slow.wait()
    third = subprocess.run(command, capture_output=True, text=True, check=False)
    assert third.returncode == 0, third.stderr


def test_a_killed_check_is_resumed_where_it_was(rc: Path, tmp_path: Path) -> None:
    spec, store = tmp_path / "rc.yaml", tmp_path / "stores" / "rc.sqlite"
    spec.write_text(SPEC + "limits:\n  low: {column: v_out_V, min: 0}\n")
    arguments = ["check", str(spec), "--store", str(store.parent), "--golden", str(tmp_path), "-j", "1"]
    victim = subprocess.Popen([*SLOW, str(rc), "0.2", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for_results(store, 3)
    children = descendants(victim.pid)
    victim.kill()
    victim.wait()
    assert gone(children)
    before = rows(store)
    assert 3 <= len(before) < 12
    again = subprocess.run([*SLOW, str(rc), "0", *arguments], capture_output=True, text=True, check=False)
    assert (again.returncode, again.stderr) == (0, "")
    after = rows(store)
    assert len(after) == 12
    assert before.items() <= after.items()  # none was computed again: that would have moved it to the end

"""The processes of the engines: recycled, replaced, gone with their owner, bounded in memory and threads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from engine_circuits import DIVIDER, oscillator, transistor

from gaincell_char.spice.batch import BatchEngine
from gaincell_char.spice.deck import build
from gaincell_char.spice.session import SessionEngine
from gaincell_char.spice.types import FailureKind, SimulationFailure

pytestmark = pytest.mark.ngspice


def _pid(session: SessionEngine) -> int:
    assert session._worker is not None
    return session._worker._process.pid


def test_a_fatal_error_ends_the_worker_only() -> None:
    session = SessionEngine()
    session.run(DIVIDER)
    first = _pid(session)
    with pytest.raises(SimulationFailure, match="undefined parameter"):
        session.run(build("fatal", ["v1 a 0 {nothing}"], ".op", ["v(a)"]))
    assert not session.healthy
    session.run(DIVIDER)
    assert session.healthy
    assert _pid(session) != first
    assert session.runs == 3
    session.close()


def test_a_killed_worker_is_replaced() -> None:
    session = SessionEngine()
    session.run(DIVIDER)
    threading.Timer(0.5, os.kill, (_pid(session), signal.SIGKILL)).start()
    with pytest.raises(SimulationFailure) as caught:
        session.run(oscillator(), timeout_s=30)
    assert caught.value.kind is FailureKind.KILLED
    session.run(DIVIDER)
    session.close()


def test_workers_are_recycled() -> None:
    session = SessionEngine(runs_per_worker=2)
    pids = []
    for _ in range(4):
        session.run(DIVIDER)
        pids.append(_pid(session))
    assert pids[0] == pids[1] != pids[2] == pids[3]
    session.close()


OWNER = """
import sys, threading
from gaincell_char.spice.engine import open_engine
sys.path.insert(0, {folder!r})
from test_engines import oscillator
engine = open_engine({kind!r})
print("ready", flush=True)
engine.run(oscillator(), timeout_s=100)
"""


@pytest.mark.parametrize("kind", ["batch", "session"])
def test_a_killed_owner_leaves_no_simulator(kind: str, tmp_path: Path) -> None:
    script = OWNER.format(folder=str(Path(__file__).parent), kind=kind)
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=tmp_path)
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"ready\n"
    children = _wait_for(lambda: _children(owner.pid))
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert children
    assert _wait_for(lambda: not any(map(_runs, children)))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _wait_for(condition: Callable[[], object]) -> object:
    for _ in range(200):
        if found := condition():
            return found
        time.sleep(0.05)
    return None


def _memory_KiB(session: SessionEngine) -> int:
    return int(Path(f"/proc/{_pid(session)}/statm").read_text().split()[1]) * 4


@pytest.mark.parametrize("decks", [200, pytest.param(5000, marks=[pytest.mark.full, pytest.mark.timeout(900)])])
def test_memory_stays_bounded(decks: int) -> None:
    session = SessionEngine(runs_per_worker=10**6)  # without the recycling that bounds it anyway
    deck = transistor(gate_points=4)
    for _ in range(50):
        session.run(deck)
    before = _memory_KiB(session)
    for _ in range(decks):
        session.run(deck)
    assert _memory_KiB(session) - before < 4096 + 2 * decks
    session.close()


def test_a_session_uses_one_thread_per_deck() -> None:
    """OpenMP in BSIM4 makes two workers on two cores a hundred times slower than one."""
    session = SessionEngine()
    session.run(transistor())
    threads = len(list(Path(f"/proc/{_pid(session)}/task").iterdir()))
    assert threads <= 2  # ngspice, and the thread that watches for the owner's end
    session.close()


def test_two_workers_do_not_slow_each_other_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_THREAD_LIMIT", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    batch, deck = BatchEngine(), transistor()

    def seconds(workers: int) -> float:
        def work() -> None:
            for _ in range(5):
                batch.run(deck)

        threads = [threading.Thread(target=work) for _ in range(workers)]
        start = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - start

    alone = min(seconds(1) for _ in range(2))
    assert (
        min(seconds(2) for _ in range(2)) < 5 * alone
    )  # one processor gives 2; ngspice's own threads gave 10 and more


LIMITED = """
import resource, sys
from gaincell_char.spice.engine import open_engine
sys.path.insert(0, {folder!r})
from test_engines import transistor
engine = open_engine("batch")
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
try:
    engine.run(transistor())
except Exception as error:
    print(error)
"""


def test_a_raw_file_beyond_the_file_size_limit(tmp_path: Path) -> None:
    script = LIMITED.format(folder=str(Path(__file__).parent))
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert run.stdout.startswith("disk: the raw file is larger than the file-size limit"), run.stdout + run.stderr


def test_batch_in_a_folder_of_ones_own(tmp_path: Path) -> None:
    BatchEngine(scratch=tmp_path).run(DIVIDER)
    assert list(tmp_path.iterdir()) == []

"""The session engine: decks go to a process that keeps libngspice loaded: quick for small decks."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

from gaincell_char.errors import EnvironmentFault
from gaincell_char.keys import digest
from gaincell_char.spice.check import check
from gaincell_char.spice.simulator import LIBRARY_VARIABLE, environment, library
from gaincell_char.spice.types import Deck, FailureKind, Waveforms
from gaincell_char.spice.verdict import Outcome, judge

_START = "from gaincell_char.spice.session_worker import main; main()"
_START_TIMEOUT_S = 60.0
_ABOUT: dict[tuple[Path, int], str] = {}  # what a library says of itself; starting a worker only to ask takes 0.3 s


class SessionEngine:
    """Runs decks in a `session_worker` process. A worker that a deck killed, or that is `runs_per_worker` decks old
    (libngspice leaks a little), is replaced before the next deck; the other decks are not affected.

    Raises
    ------
    EnvironmentFault
        No libngspice, or it does not load.
    """

    def __init__(self, runs_per_worker: int = 1000) -> None:
        self._runs_per_worker = runs_per_worker
        self._worker: _Worker | None = None
        self.runs = 0
        path = library()
        key = (path, path.stat().st_mtime_ns)
        if key not in _ABOUT:
            self._worker = _Worker(path)
            _ABOUT[key] = self._worker.about
        self._about = _ABOUT[key]

    @property
    def identity(self) -> str:
        version = self._about.partition("ngspice-")[2].split()[0]
        return f"ngspice-{version} build {digest(self._about.encode())[:8]} session"

    @property
    def healthy(self) -> bool:
        """Whether a worker is up; False before the first run, and after a deck that ended it."""
        return self._worker is not None and self._worker.alive

    def run(self, deck: Deck, timeout_s: float = 120.0) -> Waveforms:
        """The waveforms asked for; the deck is checked first and the result judged.

        Raises
        ------
        SimulationFailure
            For everything that is not a complete, trustworthy result.
        """
        check(deck)
        worker = self._ready()
        self.runs += 1
        try:
            outcome = worker.run(deck.text, timeout_s)
        except BaseException:
            self.close()
            raise
        if not worker.alive:
            self.close()
        return judge(deck, outcome)

    def close(self) -> None:
        """End the worker; the next run would start another."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def _ready(self) -> _Worker:
        if self._worker is not None and (self._worker.runs >= self._runs_per_worker or not self._worker.alive):
            self.close()
        if self._worker is None:
            self._worker = _Worker(library())
        return self._worker


class _Worker:
    """One process with the library loaded, and the connection to it."""

    def __init__(self, library_path: Path) -> None:
        self.runs = 0
        self._ended = False
        self._folder = tempfile.TemporaryDirectory(prefix="gaincell-")
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-P", "-c", _START, str(theirs.fileno()), self._folder.name]
        # the worker finds this package and PySpice where its owner did
        paths = os.pathsep.join(path for path in sys.path if path)
        extra = {LIBRARY_VARIABLE: str(library_path), "PYTHONPATH": paths}
        with self._log.open("wb") as log, theirs:
            self._process = subprocess.Popen(
                command,
                env=environment() | extra,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._connection = Connection(ours.detach())
        self.about: str = self._start(library_path)

    @property
    def alive(self) -> bool:
        return not self._ended and self._process.poll() is None

    def run(self, text: str, timeout_s: float) -> Outcome:
        self.runs += 1
        try:
            self._connection.send(text)
            if not self._connection.poll(timeout_s):
                self._ended = True
                message = f"no result after {timeout_s:g} s; the simulator was stopped"
                return Outcome("", "", (), fault=(FailureKind.TIMEOUT, message))
            outcome, self._ended = self._connection.recv()
        except (EOFError, OSError):
            self._ended = True
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            code = self._process.returncode
            crash = (FailureKind.CRASHED, "the session ended while it ran this deck")
            return Outcome("", self._said(), (), exit_code=code or None, fault=crash)
        if not isinstance(outcome, Outcome):
            raise TypeError(f"the session sent {type(outcome)}")
        return outcome

    def stop(self) -> None:
        self._ended = True
        self._connection.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._folder.cleanup()

    @property
    def _log(self) -> Path:
        return Path(self._folder.name, "worker.log")

    def _said(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def _start(self, library_path: Path) -> str:
        try:
            if self._connection.poll(_START_TIMEOUT_S):
                return str(self._connection.recv())
        except (EOFError, OSError):
            pass
        said = self._said().strip().splitlines()
        self.stop()
        why = said[-1] if said else "it said nothing"
        raise EnvironmentFault(f"{library_path} does not start ({why}); reinstall the Debian package libngspice0, "
                               "or use the batch engine")  # fmt: skip

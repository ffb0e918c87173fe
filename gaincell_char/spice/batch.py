"""The batch engine: one `ngspice -n -b -r` process a deck. Slow to start, but nothing survives from run to run."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from gaincell_char.errors import EnvironmentFault
from gaincell_char.spice.check import check
from gaincell_char.spice.rawfile import Plot, RawFileError, read_raw
from gaincell_char.spice.simulator import Simulator, environment, simulator
from gaincell_char.spice.staging import stage
from gaincell_char.spice.types import Deck, FailureKind, Waveforms
from gaincell_char.spice.verdict import Outcome, judge

_SLICE_S = 0.25


class BatchEngine:
    """Runs each deck in a process of its own, in a temporary folder of its own.

    `scratch` is where those folders are made (the system's choice without it).
    """

    def __init__(self, scratch: Path | None = None) -> None:
        self._simulator: Simulator = simulator()
        self._scratch = scratch
        self._setpriv = shutil.which("setpriv")

    @property
    def identity(self) -> str:
        return f"{self._simulator.identity} batch"

    def run(self, deck: Deck, timeout_s: float = 120.0) -> Waveforms:
        """The waveforms asked for; the deck is checked first and the result judged.

        Raises
        ------
        SimulationFailure
            For everything that is not a complete, trustworthy result.
        EnvironmentFault
            The temporary folder cannot be written.
        """
        check(deck)
        try:
            with tempfile.TemporaryDirectory(prefix="gaincell-", dir=self._scratch) as name:
                folder = Path(name)
                (folder / "deck.cir").write_text(stage(deck.text, folder), encoding="utf-8")
                return judge(deck, self._simulate(folder, timeout_s))
        except OSError as error:
            raise EnvironmentFault(f"{error.filename or self._scratch or tempfile.gettempdir()}: {error.strerror}; "
                                   "ngspice needs a temporary folder it can write (set TMPDIR)") from error  # fmt: skip

    def close(self) -> None:
        """Nothing is held between runs."""

    def _simulate(self, folder: Path, timeout_s: float) -> Outcome:
        command = [*_guard(self._setpriv), str(self._simulator.path), "-n", "-b", "-r", "out.raw", "deck.cir"]
        with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            process = subprocess.Popen(command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=err, start_new_session=True)  # fmt: skip
            fault = _wait(process, timeout_s)
        stdout, stderr = ((folder / name).read_text("utf-8", "replace") for name in ("stdout", "stderr"))
        plots: tuple[Plot, ...] = ()
        if fault is None:
            try:
                plots = read_raw(folder / "out.raw")
            except FileNotFoundError:
                pass
            except RawFileError as error:
                fault = _disk_or_truncated(folder, str(error))
        return Outcome(stdout, stderr, plots, process.returncode, fault)


def _guard(setpriv: str | None) -> list[str]:
    """What a command starts with so that it does not outlive this process, however that ends. The shell is for the
    moment between the fork and setpriv, in which a death would go unnoticed."""
    if setpriv is None:
        return []
    still_mine = 'test "$PPID" = "$0" && exec "$@"'
    return [setpriv, "--pdeathsig", "KILL", "/bin/sh", "-c", still_mine, str(os.getpid())]


def _wait(process: subprocess.Popen[bytes], timeout_s: float) -> tuple[FailureKind, str] | None:
    """Wait for the process; whatever ends the wait early, its whole group dies."""
    try:
        _until_it_ends(process, timeout_s)
        process.wait(0)
    except subprocess.TimeoutExpired:
        return FailureKind.TIMEOUT, f"no result after {timeout_s:g} s; the simulator was stopped"
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return None


def _until_it_ends(process: subprocess.Popen[bytes], timeout_s: float) -> None:
    """Return when the process ends, at the latest after `timeout_s`. `Popen.wait` with a limit only looks now and then,
    at last every 50 ms: of a deck of 10 ms that is half of its time."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # not Linux, or an old one
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout_s)
        return
    try:
        ended = select.poll()
        ended.register(descriptor, select.POLLIN)
        until = time.monotonic() + timeout_s
        # in slices: a Ctrl-C that another thread of this process catches does not end a poll
        while (left_s := until - time.monotonic()) > 0 and not ended.poll(min(left_s, _SLICE_S) * 1e3):
            pass
    finally:
        os.close(descriptor)


def _disk_or_truncated(folder: Path, problem: str) -> tuple[FailureKind, str]:
    free = shutil.disk_usage(folder).free
    if free < 1 << 16:
        return FailureKind.DISK, f"{folder}: {free} bytes are free; {problem}"
    return FailureKind.INCOMPLETE, problem

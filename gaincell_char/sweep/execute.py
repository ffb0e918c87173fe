"""Decks through a crew of workers; every outcome is handed to the parent as it comes, in any order."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, TimeoutError, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from pebble import CONSTS, ProcessExpired, ProcessPool

from gaincell_char.circuits.testbench import Setting, Testbench
from gaincell_char.errors import EnvironmentFault, GaincellError
from gaincell_char.spice.types import Deck, FailureKind
from gaincell_char.sweep.identity import Identity
from gaincell_char.sweep.worker import Failed, OpenEngine, Outcome, simulate, start

DECKS_PER_WORKER = 500
_GRACE_S = 10.0  # the engine stops a deck itself; the pool does where the engine hangs
_MAX_POOLS = 5
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """One deck to run. `alternatives`: what is tried, in order, where it does not converge."""

    identity: Identity
    setting: Setting
    deck: Deck
    alternatives: tuple[tuple[Setting, Deck], ...] = ()


class Crew(Protocol):
    """Workers: processes of this machine (`Pool`), or of a cluster (`sweep.cluster.Cluster`)."""

    @property
    def lost(self) -> tuple[type[Exception], ...]:
        """What the future of a task raises whose worker died."""

    def width(self) -> int:
        """Decks that run at once."""

    def schedule(self, task: Task, timeout_s: float) -> Future[Outcome]: ...

    def finish(self) -> None:
        """Let the workers go: nothing runs any more."""

    def stop(self) -> None:
        """Let the workers go, whatever they are at."""


def execute(
    tasks: Iterable[Task],
    commit: Callable[[Task, Outcome], None],
    crew: Crew,
    *,
    timeout_s: float,
    enough: Callable[[], bool] = lambda: False,
) -> None:
    """Run `tasks` on `crew` and give each outcome to `commit`, in this process, one at a time. A task is asked for when
    a worker can take it.

    A task whose worker dies is tried once more, then it is `crashed`. Ctrl-C once: what runs is finished and committed;
    twice: it is stopped. Both end in `KeyboardInterrupt`. Once `enough` is true no further task is started; what runs
    is finished and committed. The crew is let go at the end.

    Raises
    ------
    EnvironmentFault
        A worker found that the machine lacks something (no ngspice, no temporary folder), or the cluster is gone.
    """
    fresh = ((task, 0) for task in tasks)
    again: deque[tuple[Task, int]] = deque()
    started = time.monotonic()
    _pace(0.0)
    running: dict[Future[Outcome], tuple[Task, int]] = {}
    try:
        with _drain_on_interrupt() as interrupt:
            while True:
                while len(running) < 2 * crew.width() and not (interrupt.asked or enough()):
                    following = again.popleft() if again else next(fresh, None)
                    if following is None:
                        break
                    running[crew.schedule(following[0], timeout_s)] = following
                if not running:
                    break
                _pace(time.monotonic() - started)
                finished, _ = wait(running, timeout=0.25, return_when=FIRST_COMPLETED)
                for future in finished:
                    task, tries = running.pop(future)
                    outcome = _outcome(future, timeout_s, crew.lost)
                    if outcome is not None:
                        commit(task, outcome)
                    elif tries == 0:
                        again.append((task, 1))
                    else:
                        commit(task, Failed(FailureKind.CRASHED, "the worker process died twice on this deck"))
        if interrupt.asked:
            raise KeyboardInterrupt
        crew.finish()
    finally:
        crew.stop()


def _pace(elapsed_s: float) -> None:
    """Pebble looks at its pool now and then, and lets it go when it has looked: often in a short run, which would wait
    for that a third of its time, seldom in a long one, which would spend a fiftieth of a processor on it."""
    CONSTS.sleep_unit = min(0.1, max(0.01, elapsed_s / 30))


def _outcome(future: Future[Outcome], timeout_s: float, lost: tuple[type[Exception], ...]) -> Outcome | None:
    """What a finished task gave; None where its worker was lost."""
    try:
        return future.result()
    except lost:
        return None
    except CancelledError as error:
        raise EnvironmentFault("the scheduler is gone; what was finished is kept, run again to go on") from error
    except TimeoutError:
        return Failed(FailureKind.TIMEOUT, f"no result after {timeout_s + _GRACE_S:g} s; the worker was stopped")


class Pool:
    """Processes of this machine; the pool is replaced where losing an idle worker broke it. Engines keep their
    temporary files in the folder `scratch`."""

    lost: tuple[type[Exception], ...] = (ProcessExpired, BrokenProcessPool)

    def __init__(self, workers: int, scratch: Path, open_engine: OpenEngine, testbench: Testbench) -> None:
        self._workers = workers
        self._initargs = (os.getpid(), scratch, open_engine, testbench)
        self._pools = 0
        self._pool = self._new_pool()

    def width(self) -> int:
        return self._workers

    def schedule(self, task: Task, timeout_s: float) -> Future[Outcome]:
        arguments = (task.setting, task.deck, timeout_s, task.alternatives)
        limit_s = (timeout_s + _GRACE_S) * (1 + len(task.alternatives))
        while True:
            try:
                future: Future[Outcome] = self._pool.schedule(simulate, args=arguments, timeout=limit_s)
                return future
            except RuntimeError:  # pebble's word for a pool that is broken
                self.stop()
                self._pool = self._new_pool()

    def finish(self) -> None:
        self._pool.close()
        self._pool.join()

    def stop(self) -> None:
        self._pool.stop()
        self._pool.join()

    def _new_pool(self) -> Any:
        self._pools += 1
        if self._pools > _MAX_POOLS:
            raise GaincellError(f"the worker processes died {_MAX_POOLS} times; something kills them (out of memory?)")
        # fork: a script needs no `if __name__ == "__main__"`, and a worker starts in milliseconds
        context = multiprocessing.get_context("fork")
        return ProcessPool(self._workers, DECKS_PER_WORKER, initializer=start, initargs=self._initargs, context=context)


@dataclass
class _Interrupt:
    asked: bool = False


@contextmanager
def _drain_on_interrupt() -> Iterator[_Interrupt]:
    """The first Ctrl-C is a wish, the second a `KeyboardInterrupt`. Only the main thread can hear it."""
    interrupt = _Interrupt()

    def hear(_signal: int, _frame: FrameType | None) -> None:
        if interrupt.asked:
            raise KeyboardInterrupt
        interrupt.asked = True
        _log.warning("finishing the decks that run; Ctrl-C again stops them")

    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = signal.signal(signal.SIGINT, hear)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)

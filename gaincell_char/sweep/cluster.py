"""Decks on a running Dask cluster: its workers are disposable, this process alone commits what they find."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from gaincell_char.circuits.testbench import Setting, Testbench
from gaincell_char.errors import EnvironmentFault
from gaincell_char.spice.types import Deck
from gaincell_char.sweep.execute import Task
from gaincell_char.sweep.identity import content_digest
from gaincell_char.sweep.worker import Bench, OpenEngine, Outcome

CONNECT_S = 20.0


@dataclass(frozen=True)
class Run:
    """What every deck of a sweep has in common. `token` names the run, so that a worker opens its engine once.
    `engine`: what keys of results say of the simulator."""

    token: str
    open_engine: OpenEngine
    testbench: Testbench
    engine: str


class Cluster:
    """A crew (see `sweep.execute.Crew`) of all workers that a Dask scheduler has, now and later.

    A worker needs this package, the same simulator, and the files that decks include under the same paths.

    Raises
    ------
    EnvironmentFault
        The extra `dask` is not installed, no scheduler answers at `address`, or it has no worker.
    """

    def __init__(self, address: str, open_engine: OpenEngine, testbench: Testbench) -> None:
        try:
            from distributed import Client
            from distributed.scheduler import KilledWorker
        except ImportError as error:
            raise EnvironmentFault("--dask needs Dask: pip install 'gaincell_char[dask]'") from error
        self.lost: tuple[type[Exception], ...] = (KilledWorker,)
        try:
            self._client = Client(address, timeout=CONNECT_S, set_as_default=False)
            self._client.wait_for_workers(1, timeout=CONNECT_S)
        except (OSError, TimeoutError, ValueError) as error:
            raise EnvironmentFault(
                f"{address}: no Dask scheduler with a worker answered within {CONNECT_S:g} s; expected an address "
                "such as tcp://host:8786 (dask scheduler; dask worker tcp://host:8786)"
            ) from error
        # a deck is pure, but a worker that dies on it may die again: the caller counts, not the scheduler
        self._executor = self._client.get_executor(pure=False, retries=0)
        engine = open_engine()
        self._run = Run(uuid.uuid4().hex, open_engine, testbench, engine.identity)
        engine.close()

    def width(self) -> int:
        """Decks that the cluster can run at once."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        return max(1, sum(int(worker["nthreads"]) for worker in workers.values()))

    def schedule(self, task: Task, timeout_s: float) -> Future[Outcome]:
        files = {path: content_digest(path) for deck in _decks(task) for path in deck.files}
        future: Future[Outcome] = self._executor.submit(
            simulate, self._run, files, task.setting, task.deck, timeout_s, task.alternatives
        )
        return future

    def finish(self) -> None:
        self.stop()

    def stop(self) -> None:
        if self._client.status == "closed":
            return
        self._executor.shutdown(wait=False)
        self._client.close()


class _Thread(threading.local):
    """A worker runs a deck in each of its threads, each with an engine of its own."""

    token = ""
    bench: Bench | None = None


_thread = _Thread()


def simulate(
    run: Run,
    files: Mapping[Path, str],
    setting: Setting,
    deck: Deck,
    timeout_s: float,
    alternatives: tuple[tuple[Setting, Deck], ...],
) -> Outcome:
    """`sweep.worker.Bench.simulate` on a worker of the cluster, which must read and run the same as the client.

    Raises
    ------
    EnvironmentFault
        This machine has another simulator, or other files than `files` (path -> digest) under the deck's paths.
    """
    os.environ["OMP_THREAD_LIMIT"] = "1"
    if _thread.token != run.token or _thread.bench is None:
        if _thread.bench is not None and _thread.bench.engine is not None:
            _thread.bench.engine.close()
        engine = run.open_engine()
        if engine.identity != run.engine:
            engine.close()
            raise EnvironmentFault(f"worker {socket.gethostname()} has {engine.identity}, this machine {run.engine}; "
                                   "results of one sweep are from one simulator")  # fmt: skip
        _thread.token, _thread.bench = run.token, Bench(run.open_engine, run.testbench, engine)
    for path, expected in files.items():
        if not path.is_file() or content_digest(path) != expected:
            raise EnvironmentFault(f"worker {socket.gethostname()}: {path} is missing or differs from this machine's; "
                                   "workers need the same netlists under the same paths")  # fmt: skip
    return _thread.bench.simulate(setting, deck, timeout_s, alternatives)


def _decks(task: Task) -> list[Deck]:
    return [task.deck, *(deck for _, deck in task.alternatives)]

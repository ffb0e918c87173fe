"""Stages: pure functions of their inputs, run where their key is not there yet, as many at once as there are cores."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

from gaincell_char import keys
from gaincell_char.pipeline.artifacts import Artifact, ArtifactFolder
from gaincell_char.processes import serve

Inputs = dict[str, Any]
Work = Callable[[Inputs, Mapping[str, bytes]], bytes]
Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Stage:
    """`work(inputs, products)` makes the product from JSON inputs and the products of the stages in `needs`.

    `inputs` and the digests of what it needs are the key: all that the product depends on. `version` is raised when
    `work` changes what it makes. A stage `in_parent` brings its own processes.
    """

    name: str
    work: Work
    version: int
    inputs: Inputs = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    in_parent: bool = False


@dataclass(frozen=True)
class StageResult:
    """A stage's product and whether it was made now (`ran`) or found."""

    name: str
    artifact: Artifact
    ran: bool


def run_stages(
    stages: Sequence[Stage],
    folder: ArtifactFolder,
    *,
    workers: int,
    report: Report | None = None,
    done: Mapping[str, StageResult] | None = None,
) -> dict[str, StageResult]:
    """Run what is not there yet, each stage as soon as what it needs is done. A finished one is kept whatever happens.

    `done` are results of an earlier call that these stages may need; they are part of what is returned.

    Raises
    ------
    GaincellError
        From a stage; those that were running are waited for and published first.
    ValueError
        A stage needs one that does not exist, or itself.
    """
    known = set(done or ())
    for stage in stages:  # the order given must be one in which they can run
        missing = [need for need in stage.needs if need not in known]
        if missing:
            raise ValueError(f"stage {stage.name} needs {', '.join(missing)}, which no stage before it makes")
        known.add(stage.name)
    run = _Run(list(stages), dict(done or {}), folder, workers, report or (lambda done, total, note: None))
    try:
        return run.to_end()
    finally:
        run.close()


@dataclass(frozen=True)
class _Pending:
    stage: Stage
    key: str
    inputs: Inputs


class _Run:
    def __init__(
        self,
        waiting: list[Stage],
        results: dict[str, StageResult],
        folder: ArtifactFolder,
        workers: int,
        report: Report,
    ) -> None:
        self.waiting, self.results, self.folder, self.workers, self.report = waiting, results, folder, workers, report
        self.total = len(waiting) + len(results)
        self.running: dict[Future[tuple[bytes, float, float]], _Pending] = {}
        self.pool: ProcessPoolExecutor | None = None
        self.failure: Exception | None = None

    def to_end(self) -> dict[str, StageResult]:
        while self.waiting or self.running:
            if self.failure is None:
                self._start_ready()
            elif not self.running:
                break
            if self.running:
                self._collect()
        if self.failure is not None:
            raise self.failure
        return self.results

    def close(self) -> None:
        if self.pool is not None:
            self.pool.shutdown(cancel_futures=True)

    def _start_ready(self) -> None:
        ready = [stage for stage in self.waiting if all(need in self.results for need in stage.needs)]
        # those in this process first: a sweep forks its workers, which is safe only before the pool's threads are there
        for stage in sorted(ready, key=lambda stage: not stage.in_parent):
            self.waiting.remove(stage)
            pending = self._pending(stage)
            found = self.folder.get(stage.name, pending.key)
            if found is not None:
                self._finish(StageResult(stage.name, found, ran=False))
                continue
            products = {need: self.results[need].artifact.content for need in stage.needs}
            if stage.in_parent:
                try:
                    self._publish(pending, *_timed(stage.work, stage.inputs, products))
                except Exception as error:
                    self.failure = error
                    return
            else:
                self.pool = self.pool or _pool(self.workers)
                self.running[self.pool.submit(_timed, stage.work, stage.inputs, products)] = pending

    def _collect(self) -> None:
        done, _ = wait(self.running, return_when=FIRST_COMPLETED)
        for future in done:
            pending = self.running.pop(future)
            try:
                self._publish(pending, *future.result())
            except Exception as error:
                self.failure = self.failure or error

    def _publish(self, pending: _Pending, content: bytes, wall_s: float, cpu_s: float) -> None:
        artifact = self.folder.put(pending.stage.name, pending.key, content, pending.inputs, wall_s, cpu_s)
        self._finish(StageResult(pending.stage.name, artifact, ran=True))

    def _finish(self, result: StageResult) -> None:
        self.results[result.name] = result
        self.report(len(self.results), self.total, result.name)

    def _pending(self, stage: Stage) -> _Pending:
        inputs: Inputs = {
            "work": getattr(stage.work, "__qualname__", type(stage.work).__qualname__),
            "version": stage.version,
            "inputs": stage.inputs,
            "needs": {need: self.results[need].artifact.digest for need in stage.needs},
        }
        return _Pending(stage, keys.key(inputs), inputs)


def _timed(work: Work, inputs: Inputs, products: Mapping[str, bytes]) -> tuple[bytes, float, float]:
    """The product, and the seconds of the clock and of the processor (with processes that were waited for)."""
    start, spent = time.perf_counter(), sum(os.times()[:4])
    content = work(inputs, products)
    return content, time.perf_counter() - start, sum(os.times()[:4]) - spent


def _pool(workers: int) -> ProcessPoolExecutor:
    # a core a process, and no BLAS threads inside: the sequences of an evaluation are independent
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    return ProcessPoolExecutor(workers, get_context("spawn"), serve, (os.getpid(),))

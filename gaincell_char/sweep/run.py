"""A sweep from its spec to its dataset: only what the store does not hold is simulated."""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gaincell_char.circuits.ported import ported
from gaincell_char.circuits.testbench import Setting, Testbench, testbench
from gaincell_char.paths import cache_folder
from gaincell_char.spice.engine import open_engine
from gaincell_char.sweep.adaptive import refine
from gaincell_char.sweep.apart import Apart
from gaincell_char.sweep.assemble import assemble
from gaincell_char.sweep.beside import alone, devices, write
from gaincell_char.sweep.combinations import Lazy, at_hand
from gaincell_char.sweep.dataset import Dataset
from gaincell_char.sweep.execute import Crew, Pool, Task, execute
from gaincell_char.sweep.identity import identify
from gaincell_char.sweep.lock import only_writer
from gaincell_char.sweep.names import Names, names
from gaincell_char.sweep.overrides import Overrides, override
from gaincell_char.sweep.plan import Plan, plan
from gaincell_char.sweep.spec import Spec
from gaincell_char.sweep.store import Store
from gaincell_char.sweep.worker import Done, OpenEngine, Outcome
from gaincell_char.technology import technology

TIMEOUT_S = 1200.0
_log = logging.getLogger(__name__)
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Prepared:
    """A sweep ready to run: the spec with its overrides, its plan, and a task for every deck in the plan's order; of
    many decks each task is made when it is asked for. `engine`: its identity."""

    spec: Spec
    testbench: Testbench
    plan: Plan
    tasks: Sequence[Task]
    open_engine: OpenEngine
    engine: str

    def task(self, setting: Setting) -> Task:
        """The deck of `setting` under its key."""
        others = [replace(setting, numerics={**setting.numerics, **retry}) for retry in self.spec.retries]
        deck, *rest = (write(self.testbench, each) for each in (setting, *others))
        named = identify(self.testbench, setting, deck, self.engine, rest)
        return Task(named, setting, deck, tuple(zip(others, rest, strict=True)))

    def alone(self, deck: int) -> Iterator[Task]:
        """The devices under test of a deck that several share, each in a deck of its own."""
        return map(self.task, alone(self.plan.settings[deck]))

    def further(self, values: Sequence[float]) -> list[Prepared]:
        """The same sweep at other values of its adaptive axis, not refined further: in one where each is a deck, else
        one by one (the points of a deck may have to be evenly spaced)."""
        adaptive = self.spec.adaptive
        assert adaptive is not None
        axis = self.spec.measures[adaptive.measure].over
        shared = any(each.shared for each in self.testbench.axes if each.name == axis)
        parts = [[value] for value in values] if shared else [list(values)]
        specs = [{"axes": {**self.spec.axes, axis: part}, "adaptive": None} for part in parts]
        return [prepare(self.spec.model_copy(update=each), engine=self.open_engine) for each in specs]


def default_store(spec: Spec) -> Path:
    """Where the results of a sweep are kept where no store is named."""
    return cache_folder() / "sweeps" / f"{spec.name}.sqlite"


def available_workers() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0))


def prepare(spec: Spec, *, engine: str | OpenEngine = "batch", overrides: Overrides | None = None) -> Prepared:
    """Check `spec`, lay its decks out and name each by its key. Nothing is simulated.

    Raises
    ------
    InputError
        The spec and the testbench do not fit together, or the technology has no sizes for the circuit.
    EnvironmentFault
        The technology is not installed; there is no simulator (its version is part of every key).
    """
    spec = override(spec, overrides or Overrides())
    bench = ported(testbench(spec.testbench), technology(spec.technology))
    layout = plan(spec, bench)
    opener: OpenEngine = (lambda: open_engine(engine)) if isinstance(engine, str) else engine
    with closing(opener()) as probe:
        identity = probe.identity
    prepared = Prepared(spec, bench, layout, (), opener, identity)
    tasks = Lazy(range(len(layout.settings)), lambda deck: prepared.task(layout.settings[deck]))
    return replace(prepared, tasks=at_hand(tasks))


def run_sweep(
    spec: Spec,
    *,
    store: Path | None = None,
    workers: int | None = None,
    engine: str | OpenEngine = "batch",
    overrides: Overrides | None = None,
    progress: Progress | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Dataset:
    """Run what `store` does not hold yet and return the whole dataset, the same whatever was there before.

    `engine`: `batch`, `session`, or a function that opens one. `progress(done, total, note)` counts points. Failed
    decks do not raise: their rows carry `status` and `reason`, and they are tried again by the next run.

    Raises
    ------
    InputError
        The spec and the testbench do not fit together.
    EnvironmentFault
        No simulator; the store is in use, or cannot be written.
    KeyboardInterrupt
        Ctrl-C; what was finished is kept.
    """
    return run_prepared(
        prepare(spec, engine=engine, overrides=overrides),
        store or default_store(spec),
        workers or available_workers(),
        progress=progress or (lambda done, total, note: None),
        timeout_s=timeout_s,
    )


def run_prepared(
    prepared: Prepared,
    store: Path,
    workers: int,
    *,
    progress: Progress,
    timeout_s: float = TIMEOUT_S,
    only_failed: bool = False,
    stop_after: int | None = None,
    dask: str | None = None,
) -> Dataset:
    """`run_sweep` of a sweep that is laid out already. `only_failed`: run just the decks that failed before.
    `stop_after`: start no further deck once so many have failed; what runs is finished and kept. `dask`: address of a
    Dask scheduler whose workers run the decks instead of processes here. An adaptive axis is refined, round after
    round.

    Raises
    ------
    EnvironmentFault
        As `run_sweep`; no cluster at `dask`, or its workers have another simulator or other netlists.
    """

    asked = False

    def crew(part: Prepared, scratch: Path, decks: int) -> Crew:
        nonlocal asked
        asked = True
        if dask is None:
            return Pool(min(workers, decks), scratch, part.open_engine, part.testbench)
        from gaincell_char.sweep.cluster import Cluster

        return Cluster(dask, part.open_engine, part.testbench)

    def run(part: Prepared) -> Dataset:
        return _run_once(part, store, crew, progress, timeout_s, only_failed, stop_after)

    dataset = refine(prepared.spec, run(prepared), lambda values: map(run, prepared.further(values)))
    if dask and not asked:
        _log.warning("nothing is left to simulate; the scheduler at %s was not asked", dask)
    return dataset


def stored(prepared: Prepared, store: Path) -> Dataset:
    """The dataset as far as `store` holds it; nothing is simulated. Of an adaptive axis: as far as it was refined.

    Raises
    ------
    InputError
        There is no store.
    """

    def read(part: Prepared) -> Dataset:
        with Store(store, create=False) as results:
            return _assembled(part, names(part, results), results)

    return refine(prepared.spec, read(prepared), lambda values: map(read, prepared.further(values)))


def _run_once(
    prepared: Prepared,
    store: Path,
    crew: Callable[[Prepared, Path, int], Crew],
    progress: Progress,
    timeout_s: float,
    only_failed: bool,
    stop_after: int | None,
) -> Dataset:
    with only_writer(store), Store(store) as results, _scratch(store) as folder:
        named = names(prepared, results, progress)
        missing = array("L", (number for number, key in enumerate(named) if not results.holds(key)))
        meter = _Meter(prepared.plan, missing, progress)
        if only_failed:
            missing = array("L", (number for number in missing if results.failure(named[number])))
        failures = 0

        def commit(task: Task, outcome: Outcome) -> None:
            nonlocal failures
            if isinstance(outcome, Done):
                results.put(task.identity, outcome.columns)
                meter.more(devices(task.setting))
                return
            results.fail(task.identity, outcome.kind, outcome.reason, task.deck.text, outcome.log)
            if not task.setting.beside:  # else its devices get a deck each
                failures += 1
                meter.more(1)

        def enough() -> bool:
            return stop_after is not None and failures >= stop_after

        def run(tasks: Iterator[Task], most: int) -> None:
            first = next(tasks, None)
            if first is not None and not enough():
                following = itertools.chain([first], tasks)
                execute(following, commit, crew(prepared, folder, most), timeout_s=timeout_s, enough=enough)

        apart = Apart(prepared, named, results)
        run((prepared.tasks[deck] for deck in missing if not apart.settled(deck)), len(missing))
        if prepared.plan.shares:
            run((task for deck in missing for task in apart.missing(deck)), prepared.plan.points)
        return _assembled(prepared, named, results)


def _assembled(prepared: Prepared, named: Names, results: Store) -> Dataset:
    return assemble(prepared.spec, prepared.plan, prepared.testbench, named, prepared.engine, results, prepared.alone)


@contextmanager
def _scratch(store: Path) -> Iterator[Path]:
    """A folder for the engines' temporary files, emptied of what a killed run left. The store's lock is held."""
    folder = store.with_name(f".{store.name}.scratch")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Meter:
    """Points done, and points a second of this run."""

    def __init__(self, layout: Plan, missing: Sequence[int], progress: Progress) -> None:
        self._points_per_device = layout.points_per_device
        self._total = layout.points
        self._there = self._total - self._points_per_device * sum(map(layout.devices, missing))
        self._done = self._there
        self._started = time.monotonic()
        self._progress = progress
        progress(self._done, self._total, "")

    def more(self, devices: int) -> None:
        self._done += self._points_per_device * devices
        elapsed = time.monotonic() - self._started
        self._progress(self._done, self._total, f"{(self._done - self._there) / max(elapsed, 1e-9):.0f} points/s")

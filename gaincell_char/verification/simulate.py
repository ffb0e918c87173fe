"""Heads through ngspice: the decks of a case one after the other, on worker processes; finished cases are kept."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from gaincell_char import keys
from gaincell_char.circuits.head.case import HeadCase
from gaincell_char.circuits.head.deck import counter_deck, key_deck, value_deck
from gaincell_char.circuits.head.measure import key_window, read_count, read_head
from gaincell_char.circuits.head.phases import Phases
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.spice.engine import open_engine
from gaincell_char.spice.types import Deck, Engine, FailureKind, Waveforms
from gaincell_char.sweep.execute import Pool, Task, execute
from gaincell_char.sweep.identity import Identity, identify
from gaincell_char.sweep.lock import only_writer
from gaincell_char.sweep.store import Store
from gaincell_char.sweep.worker import Done, Outcome

VERSION = 1
"""Of what is simulated and measured of a case: raise it where a stored row would come out differently."""
TIMEOUT_S = 1800.0
RETRIES: tuple[Mapping[str, float], ...] = ({"reltol": 5e-4},)
"""Numerics of the tiles, tried in order where a case does not converge; its row says which were needed."""
Progress = Callable[[int, int, str], None]
Row = Mapping[str, float]
_AXES = tuple(Axis(name, "1", (0.0,), False, meaning) for name, meaning in (("case", "index"), ("seed", "of all")))


@dataclass(frozen=True)
class HeadDeck(Deck):
    """The deck of a case's key tile, and what the decks after it are made from."""

    setting: Setting = dataclasses.field(default_factory=Setting)
    case: HeadCase = dataclasses.field(default_factory=lambda: HeadCase((0,), ((0,),), (0,), ()))
    phases: Phases = dataclasses.field(default_factory=Phases)


class HeadEngine:
    """Runs the decks of a case one after the other; the bits stand beside the waveforms as they ended."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def identity(self) -> str:
        return self._engine.identity

    def run(self, deck: Deck, timeout_s: float = TIMEOUT_S) -> Waveforms:
        """The waveforms of both tiles at all of their time points, `v(b0)`, ... constant at their last value.

        Raises
        ------
        SimulationFailure
            As the engine.
        """
        assert isinstance(deck, HeadDeck)
        key = self._engine.run(deck, timeout_s)
        phases = deck.phases.after(*key_window(key, deck.setting.vdd_V))
        known = deck.setting, deck.case, phases
        value = self._engine.run(value_deck(*known, key), timeout_s)
        bits = self._engine.run(counter_deck(*known, value), timeout_s)
        time = np.union1d(key.scale, value.scale)
        vectors = {
            name: np.interp(time, each.scale, values) for each in (key, value) for name, values in each.vectors.items()
        }
        vectors |= {name: np.full_like(time, values[-1]) for name, values in bits.vectors.items()}
        return Waveforms(value.scale_name, time, vectors, (*key.notes, *value.notes, *bits.notes))

    def close(self) -> None:
        self._engine.close()


@dataclass(frozen=True)
class Failure:
    """Why a case has no result, and the deck to run by hand."""

    index: int
    kind: FailureKind
    reason: str
    deck: Path


def bench(columns: int, phases: Phases) -> Testbench:
    """What is measured of a head with `columns` key columns: one row a deck."""
    names = ("pulse_s", "code", "key_window_s", "positive_window_s", "negative_window_s",
             "key_low_V", "key_high_V", "value_low_V", "value_high_V")  # fmt: skip
    units = {name: "1" if name == "code" else name[-1] for name in names}
    return Testbench(
        circuit="head",
        name="output",
        summary="one output of a head against the behavioral model",
        parameters=(),
        axes=_AXES,
        columns={**units, **{f"key_pulse_{column}_s": "s" for column in range(columns)}},
        version=VERSION,
        deck=_no_deck,
        measure=partial(_measure, columns, phases),
    )


def _no_deck(setting: Setting) -> Deck:
    raise AssertionError("the deck of a head is made from its case")


def _measure(columns: int, phases: Phases, setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    timed = phases.after(*key_window(waveforms, setting.vdd_V))
    found = read_head(waveforms, columns, timed, setting.vdd_V)
    numbers = (*found.windows_s, *found.key_line_V, *found.value_line_V)
    names = list(bench(columns, phases).columns)
    row = {name: values[0] for name, values in setting.axes.items()}
    row |= {"pulse_s": found.pulse_s, "code": float(found.sign * read_count(waveforms, setting.vdd_V))}
    row |= dict(zip(names[2:], (*numbers, *found.key_pulses_s), strict=True))
    return [row]


def task(
    setting: Setting, index: int, seed: int, case: HeadCase, phases: Phases, widths_s: tuple[float, ...], engine: str
) -> Task:
    """The deck of `case` under its key. `engine`: identity of the engine that is to run it."""
    own = dataclasses.replace(setting, axes={"case": (float(index),), "seed": (float(seed),)})

    def deck(here: Setting) -> HeadDeck:
        plain = key_deck(here, case, phases, widths_s)
        return HeadDeck(plain.text, plain.vectors, plain.files, here, case, phases)

    first = deck(setting)
    known = identify(bench(case.columns, phases), own, first, engine)
    # the decks after the first follow from these, and from netlists that the first includes too
    inputs = {**known.inputs, "case": dataclasses.asdict(case), "phases": dataclasses.asdict(phases),
              "retries": [dict(each) for each in RETRIES]}  # fmt: skip
    others = [dataclasses.replace(setting, numerics={**setting.numerics, **each}) for each in RETRIES]
    alternatives = tuple((dataclasses.replace(own, numerics=each.numerics), deck(each)) for each in others)
    return Task(Identity(keys.key(inputs), inputs), own, first, alternatives)


def run(
    tasks: Sequence[Task],
    columns: int,
    phases: Phases,
    *,
    store: Path,
    workers: int,
    progress: Progress,
    note: Callable[[int, Row], str],
) -> tuple[dict[int, Row], list[Failure]]:
    """The row of every case by its index, and the failures. Only cases that `store` does not hold are simulated.

    `note` says of a case that has just been finished what stands beside the progress.

    Raises
    ------
    EnvironmentFault
        No simulator; the store is in use, or cannot be written.
    KeyboardInterrupt
        Ctrl-C; what was finished is kept.
    """
    with only_writer(store), Store(store) as results, _scratch(store) as folder:
        missing = [each for each in tasks if results.get(each.identity.key) is None]
        done = len(tasks) - len(missing)
        progress(done, len(tasks), "")

        def commit(each: Task, outcome: Outcome) -> None:
            nonlocal done
            done += 1
            if isinstance(outcome, Done):
                results.put(each.identity, outcome.columns)
                progress(done, len(tasks), note(_index(each), _row(outcome.columns)))
            else:
                results.fail(each.identity, outcome.kind, outcome.reason, each.deck.text, outcome.log)
                progress(done, len(tasks), f"case {_index(each)} failed")

        if missing:
            crew = Pool(
                min(workers, len(missing)),
                folder,
                lambda: HeadEngine(open_engine("batch")),
                bench(columns, phases),
            )
            execute(missing, commit, crew, timeout_s=TIMEOUT_S)
        return _collected(tasks, results)


def _collected(tasks: Sequence[Task], results: Store) -> tuple[dict[int, Row], list[Failure]]:
    rows: dict[int, Row] = {}
    failures = []
    for each in tasks:
        found = results.get(each.identity.key)
        if found is not None:
            rows[_index(each)] = _row(found)
        elif (failure := results.failure(each.identity.key)) is not None:
            failures.append(Failure(_index(each), failure.kind, failure.reason, failure.deck))
    return rows, failures


def _index(task: Task) -> int:
    return round(task.setting.axes["case"][0])


def _row(columns: Mapping[str, Sequence[float]]) -> Row:
    return {name: values[0] for name, values in columns.items()}


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

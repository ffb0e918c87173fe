"""What runs in a worker process: one engine, opened once, and deck after deck through it."""

from __future__ import annotations

import math
import os
import shutil
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gaincell_char.circuits.testbench import Setting, Testbench
from gaincell_char.errors import EnvironmentFault, GaincellError
from gaincell_char.processes import serve
from gaincell_char.spice.types import Deck, Engine, FailureKind, SimulationFailure
from gaincell_char.sweep.beside import devices, measure

ATTEMPT = "attempt"
_LITTLE = 64 << 20  # bytes; a raw file seldom has more


@dataclass(frozen=True)
class Done:
    """The validated rows of a deck, as columns in the order of the testbench's `measure`."""

    columns: dict[str, list[float]]


@dataclass(frozen=True)
class Failed:
    """Why a deck has no rows: kind, one line, and the simulator's log or our traceback."""

    kind: FailureKind
    reason: str
    log: str = ""


Outcome = Done | Failed
OpenEngine = Callable[[], Engine]


@dataclass
class Bench:
    """A testbench with the engine that its decks go through, opened by the first of them."""

    open_engine: OpenEngine
    testbench: Testbench
    engine: Engine | None = None

    def simulate(
        self, setting: Setting, deck: Deck, timeout_s: float, alternatives: Sequence[tuple[Setting, Deck]] = ()
    ) -> Outcome:
        """Run and measure one deck; where it does not converge, its alternatives in order. With alternatives a column
        `attempt` says which one it was (0: the deck itself).

        Raises
        ------
        EnvironmentFault, GaincellError
            The machine lacks what every deck needs (a simulator, room on the disk): no use in going on.
        """
        outcome = self._once(setting, deck, timeout_s)
        for attempt, (retry, retry_deck) in enumerate(alternatives, start=1):
            if not (isinstance(outcome, Failed) and outcome.kind is FailureKind.NO_CONVERGENCE):
                return _attempted(outcome, attempt - 1)
            outcome = self._once(retry, retry_deck, timeout_s)
        return _attempted(outcome, len(alternatives)) if alternatives else outcome

    def _once(self, setting: Setting, deck: Deck, timeout_s: float) -> Outcome:
        if self.engine is None:
            self.engine = self.open_engine()
        try:
            waveforms = self.engine.run(deck, timeout_s)
            rows = measure(self.testbench, setting, deck, waveforms)
        except SimulationFailure as failure:
            return _failed(failure)
        except EnvironmentFault:
            raise
        except Exception as error:  # a fault of ours in one deck must not end the others
            return Failed(FailureKind.MEASURE_FAILED, _line(f"{type(error).__name__}: {error}"), traceback.format_exc())
        return columns(self.testbench, setting, rows)


class _Process:
    """What `start` left in this process."""

    bench: Bench


def start(parent: int, scratch: Path, open_engine: OpenEngine, testbench: Testbench) -> None:
    """Make this process a worker of `parent`: one thread, deaf to Ctrl-C (the parent decides), gone with its parent."""
    os.environ["OMP_THREAD_LIMIT"] = "1"
    serve(parent)
    tempfile.tempdir = str(scratch)
    _Process.bench = Bench(open_engine, testbench)


def simulate(
    setting: Setting, deck: Deck, timeout_s: float, alternatives: Sequence[tuple[Setting, Deck]] = ()
) -> Outcome:
    """`Bench.simulate` of the bench that `start` left here."""
    return _Process.bench.simulate(setting, deck, timeout_s, alternatives)


def _attempted(outcome: Outcome, attempt: int) -> Outcome:
    if isinstance(outcome, Failed):
        return outcome
    points = len(next(iter(outcome.columns.values())))
    return Done(outcome.columns | {ATTEMPT: [float(attempt)] * points})


def _failed(failure: SimulationFailure) -> Failed:
    if failure.kind is FailureKind.NO_SIMULATOR:
        raise EnvironmentFault(failure.message) from failure
    if failure.kind is FailureKind.DISK:
        raise GaincellError(f"{failure.message}; what was finished is kept, make room and run again") from failure
    reason, free = failure.message, shutil.disk_usage(tempfile.gettempdir()).free
    if failure.kind is FailureKind.INCOMPLETE and free < _LITTLE:
        reason += f" (the disk has {free >> 10} KiB left)"
    return Failed(failure.kind, _line(reason), failure.log)


def columns(testbench: Testbench, setting: Setting, rows: Sequence[dict[str, float]]) -> Outcome:
    """`rows` as columns, or the failure that they are not one finite row for each point of the deck."""
    names = [*(axis.name for axis in testbench.axes), *testbench.columns]
    points = devices(setting) * math.prod(len(values) for values in setting.axes.values())
    if len(rows) != points:
        return Failed(FailureKind.MEASURE_FAILED, f"{len(rows)} rows for {points} points")
    for number, row in enumerate(rows):
        if row.keys() != set(names):
            return Failed(FailureKind.MEASURE_FAILED, f"row {number} has {sorted(row)}, expected {sorted(names)}")
        for name, value in row.items():
            if not math.isfinite(value):
                return Failed(FailureKind.MEASURE_FAILED, f"{name} of row {number} is {value}")
    return Done({name: [float(row[name]) for row in rows] for name in names})


def _line(text: str) -> str:
    return " ".join(text.split())

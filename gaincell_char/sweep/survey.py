"""How a sweep stands: which decks have a result, which failed, which would be simulated and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from gaincell_char.circuits.testbench import Setting
from gaincell_char.sweep.apart import Apart
from gaincell_char.sweep.beside import own_parameters
from gaincell_char.sweep.execute import Task
from gaincell_char.sweep.identity import difference
from gaincell_char.sweep.names import Names, names
from gaincell_char.sweep.run import Prepared, Progress
from gaincell_char.sweep.store import Found, Store


@dataclass(frozen=True)
class DeckState:
    """One deck of the plan. `deck`: where the text of a failed one is, to be run by hand."""

    key: str
    condition: str
    state: Literal["stored", "failed", "missing"]
    reason: str
    deck: Path | None = None


@dataclass(frozen=True)
class Survey:
    """The states of all decks; iterated, they come with their reasons, in the order of the plan. `stored`, `failed`:
    (decks,). `named` is None where there is no store, and so no key is looked for."""

    prepared: Prepared
    store: Path
    named: Names | None
    stored: Found
    failed: Found

    def __len__(self) -> int:
        return len(self.stored)

    def __iter__(self) -> Iterator[DeckState]:
        return self._states(range(len(self)))

    @property
    def counts(self) -> dict[str, int]:
        stored, failed = int(self.stored.sum()), int(self.failed.sum())
        return {"stored": stored, "failed": failed, "missing": len(self) - stored - failed}

    def failures(self) -> Iterator[DeckState]:
        """The decks that failed."""
        return self._states(np.flatnonzero(self.failed).tolist())

    def _states(self, numbers: Iterable[int]) -> Iterator[DeckState]:
        with Store(self.store, create=False) if self.store.is_file() else nullcontext() as results:
            for number in numbers:
                if results and self.named and self.failed[number] and self.prepared.plan.devices(number) > 1:
                    yield from map(partial(self._apart, results), self.prepared.alone(number))
                else:
                    yield self._state(number, results)

    def _apart(self, results: Store, task: Task) -> DeckState:
        """The state of one device of a shared deck that failed."""
        key, where = task.identity.key, condition(self.prepared, task.setting)
        if results.holds(key):
            return DeckState(key, where, "stored", "")
        if failure := results.failure(key):
            return DeckState(key, where, "failed", f"{failure.kind}: {failure.reason}", failure.deck)
        return DeckState(key, where, "missing", "the deck that it shares failed; it runs alone")

    def _state(self, number: int, results: Store | None) -> DeckState:
        where = condition(self.prepared, self.prepared.plan.settings[number])
        if results is None or self.named is None:
            return DeckState(self.prepared.tasks[number].identity.key, where, "missing", "new")
        key = self.named[number]
        if self.stored[number]:
            return DeckState(key, where, "stored", "")
        if failure := results.failure(key):
            return DeckState(key, where, "failed", f"{failure.kind}: {failure.reason}", failure.deck)
        identity = self.prepared.tasks[number].identity
        relatives = results.relatives(identity)
        return DeckState(key, where, "missing", difference(relatives[-1], identity.inputs) if relatives else "new")


def survey(
    prepared: Prepared, store: Path, *, verify: bool = False, progress: Progress = lambda done, total, note: None
) -> Survey:
    """How `prepared` stands in `store`; an absent one holds nothing. With `verify` every stored result is read and
    compared with its checksum, as a run does; else a damaged one counts as stored until it is read."""
    none = np.zeros(len(prepared.tasks), dtype=bool)
    if not store.is_file():
        return Survey(prepared, store, None, none, none)
    with Store(store, create=False) as results:
        named = names(prepared, results, progress)
        stored = np.fromiter(map(results.holds, named), bool) if verify else results.present(named.keys)
        failed = results.failed(named.keys) & ~stored
        if prepared.plan.shares:  # where all devices of a deck that failed have a result by themselves, nothing is left
            apart = Apart(prepared, named, results)
            whole = [deck for deck in np.flatnonzero(failed).tolist() if _all_there(apart, deck)]
            stored[whole], failed[whole] = True, False
        return Survey(prepared, store, named, stored, failed)


def _all_there(apart: Apart, deck: int) -> bool:
    return apart.prepared.plan.devices(deck) > 1 and next(apart.missing(deck), None) is None


def condition(prepared: Prepared, setting: Setting) -> str:
    """What sets a deck apart from the others of its plan: `ss, 27 C, 0.9 V, gain_cell.wn=8e-08`."""
    one = [axis.name for axis in prepared.testbench.axes if not axis.shared]
    moving = {name: own_parameters(setting, name) for name in prepared.plan.varied if name in setting.parameters}
    moving |= {name: list(setting.axes[name]) for name in one}
    if setting.sample is not None:
        moving["sample"] = [setting.sample]
    words = [setting.corner, f"{setting.temperature_C:g} C", f"{setting.vdd_V:g} V"]
    words += [f"{name}={_span(values)}" for name, values in moving.items()]
    return ", ".join(words + ([f"{len(setting.beside)} devices"] if setting.beside else []))


def _span(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:g}" if low == high else f"{low:g}..{high:g}"

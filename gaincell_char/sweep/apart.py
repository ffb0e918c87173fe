"""Devices under test whose shared deck failed: each runs in a deck of its own, so that one does not fail the others.

Their results are kept under keys of their own, beside the failure of the shared deck. Where that may have been the
machine's fault (a deadline, a kill) the next run tries the shared deck again, and its result counts if there is one: a
run that nothing disturbed has the same dataset.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gaincell_char.spice.types import FailureKind
from gaincell_char.sweep.execute import Task
from gaincell_char.sweep.names import Names
from gaincell_char.sweep.store import Store, StoredFailure

if TYPE_CHECKING:
    from gaincell_char.sweep.run import Prepared

_OF_THE_MACHINE = frozenset(
    (FailureKind.TIMEOUT, FailureKind.KILLED, FailureKind.CRASHED, FailureKind.DISK, FailureKind.INCOMPLETE)
)


@dataclass(frozen=True)
class Apart:
    """What `results` holds of shared decks that failed, by the number of the deck."""

    prepared: Prepared
    named: Names
    results: Store

    def settled(self, deck: int) -> bool:
        """Whether `deck` failed by what is in it: no use in running it again."""
        failure = self._failure(deck)
        return failure is not None and failure.kind not in _OF_THE_MACHINE

    def tasks(self, deck: int) -> Iterator[Task]:
        """The devices of `deck`, each alone; none where it did not fail, or has one device."""
        return self.prepared.alone(deck) if self._failure(deck) else iter(())

    def missing(self, deck: int) -> Iterator[Task]:
        """Those of them that have no result."""
        return (task for task in self.tasks(deck) if not self.results.holds(task.identity.key))

    def _failure(self, deck: int) -> StoredFailure | None:
        return self.results.failure(self.named[deck]) if self.prepared.plan.devices(deck) > 1 else None

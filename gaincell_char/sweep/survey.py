"""How a sweep stands: which decks have a result, which failed, which would be simulated and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gaincell_char.circuits.testbench import Setting
from gaincell_char.sweep.execute import Task
from gaincell_char.sweep.identity import difference
from gaincell_char.sweep.run import Prepared
from gaincell_char.sweep.store import Store


@dataclass(frozen=True)
class DeckState:
    """One deck of the plan. `deck`: where the text of a failed one is, to be run by hand."""

    key: str
    condition: str
    state: Literal["stored", "failed", "missing"]
    reason: str
    deck: Path | None = None


def survey(prepared: Prepared, store: Path) -> list[DeckState]:
    """The state of every deck, in the order of the plan. An absent store holds nothing."""
    if not store.is_file():
        return [DeckState(t.identity.key, condition(prepared, t.setting), "missing", "new") for t in prepared.tasks]
    with Store(store, create=False) as results:
        return [_state(prepared, task, results) for task in prepared.tasks]


def _state(prepared: Prepared, task: Task, results: Store) -> DeckState:
    key, where = task.identity.key, condition(prepared, task.setting)
    if results.holds(key):
        return DeckState(key, where, "stored", "")
    if failure := results.failure(key):
        return DeckState(key, where, "failed", f"{failure.kind}: {failure.reason}", failure.deck)
    relatives = results.relatives(task.identity)
    return DeckState(key, where, "missing", difference(relatives[-1], task.identity.inputs) if relatives else "new")


def condition(prepared: Prepared, setting: Setting) -> str:
    """What sets a deck apart from the others of its plan: `ss, 27 C, 0.9 V, gain_cell.wn=8e-08`."""
    one = [axis.name for axis in prepared.testbench.axes if not axis.shared]
    moving = {name: setting.parameters[name] for name in prepared.plan.varied if name in setting.parameters}
    moving |= {name: setting.axes[name][0] for name in one}
    if setting.sample is not None:
        moving["sample"] = setting.sample
    words = [setting.corner, f"{setting.temperature_C:g} C", f"{setting.vdd_V:g} V"]
    return ", ".join(words + [f"{name}={value:g}" for name, value in moving.items()])

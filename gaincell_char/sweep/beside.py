"""Devices under test side by side: settings that differ only in what a testbench allows share a deck.

Which do is fixed by the plan, whatever the number of workers and whatever the store holds, and so are their keys.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gaincell_char.circuits.mismatch import vary
from gaincell_char.circuits.testbench import Setting, Testbench
from gaincell_char.spice.side_by_side import SharedDeck, share, split
from gaincell_char.spice.types import Deck, Waveforms

Numbers = npt.NDArray[np.int64]
POINTS_PER_DECK = 100
"""How many points the plan puts into a deck at most: with more of them ngspice takes longer for each, and with fewer it
starts and reads its models so often that this shows."""


def sharing(alike: Numbers, size: int) -> list[Numbers]:
    """The places of the settings of each deck, at most `size` in one, in the order of their first; `alike` has the
    same number for those that can share decks. Those have an even number of decks, so that two workers end together."""
    order = np.argsort(alike, kind="stable")
    ends = np.flatnonzero(np.diff(alike[order])) + 1
    parts = [part for numbers in np.split(order, ends) for part in _evenly(numbers, size)]
    return sorted(parts, key=lambda part: int(part[0]))


def _evenly(numbers: Numbers, size: int) -> list[Numbers]:
    parts = min(len(numbers), 2 * math.ceil(len(numbers) / size / 2))
    ends = [len(numbers) * part // parts for part in range(1, parts)]
    return np.split(numbers, ends)


def joined(settings: Sequence[Setting], bench: Testbench) -> Setting:
    """The setting of the deck in which all of `settings` are; of one it is that one."""
    first = settings[0]
    if len(settings) == 1:
        return first
    moving = [name for name in first.parameters if name in bench.side_by_side and _differs(name, settings)]
    return replace(first, beside=tuple({name: each.parameters[name] for name in moving} for each in settings))


def _differs(name: str, settings: Sequence[Setting]) -> bool:
    return any(each.parameters[name] != settings[0].parameters[name] for each in settings)


def alone(setting: Setting) -> tuple[Setting, ...]:
    """The settings of the devices under test in the deck of `setting`, each as it would be by itself."""
    if not setting.beside:
        return (setting,)
    return tuple(replace(setting, parameters={**setting.parameters, **own}, beside=()) for own in setting.beside)


def write(bench: Testbench, setting: Setting) -> Deck:
    """The deck of `setting`, of all its devices under test, with their mismatch.

    Raises
    ------
    InputError
        As the testbench's `deck` and `vary`.
    """
    return share([bench.deck(each) for each in alone(setting)]) if setting.beside else vary(bench, setting)


def measure(bench: Testbench, setting: Setting, deck: Deck, waveforms: Waveforms) -> list[dict[str, float]]:
    """The rows of all devices under test, one after the other; raises as the testbench's `measure`."""
    if not isinstance(deck, SharedDeck):
        return bench.measure(setting, waveforms)
    parts = zip(alone(setting), split(deck, waveforms), strict=True)
    return [row for each, own in parts for row in bench.measure(each, own)]


def devices(setting: Setting) -> int:
    """How many devices under test the deck of `setting` has."""
    return max(1, len(setting.beside))


def own_parameters(setting: Setting, name: str) -> list[float]:
    """The parameter called `name` of each device under test."""
    return [own.get(name, setting.parameters[name]) for own in setting.beside or ({},)]

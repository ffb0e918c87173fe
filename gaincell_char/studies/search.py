"""How far a value may go before something breaks: bisection by questions, so that many searches are asked at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass

MOST = 14
COARSE, FINE, PAST = 1.25, 1.04, 1.1
"""Ratios: of the bracket that coarse questions leave, of one that is good enough, and how far past is checked."""


@dataclass(frozen=True)
class Question:
    """What costs `value`? `coarse`: a rough figure will do."""

    value: float
    coarse: bool


@dataclass(frozen=True)
class Limit:
    """The last value that holds, and the one 10 % past it, with what they cost; `breaks`: whether that is too much."""

    value: float
    cost: float
    past: float
    past_cost: float
    breaks: bool


Search = Generator[Question, float, Limit | None]


def search(start: float, outward: float, budget: float, furthest: float | None = None) -> Search:
    """Ask for costs until the limit of `budget` is known, going from `start` by factors of `outward` (> 1, or < 1 where
    less is worse) as far as `MOST` of them, or to `furthest`. Returns None where nothing within breaks, or holds.

    A bracket is found and narrowed with coarse questions, then moved and narrowed with fine ones. Where 10 % past the
    limit holds after all, as chance may have it, the limit is moved there.
    """
    sign = 1.0 if outward > 1 else -1.0
    bracket = yield from _bracket(start, outward, budget, furthest)
    if bracket is None:
        return None
    holds, breaks = bracket
    while (breaks / holds) ** sign > COARSE:
        middle = math.sqrt(holds * breaks)
        if (yield Question(middle, coarse=True)) > budget:
            breaks = middle
        else:
            holds = middle
    found = yield from _fine(math.sqrt(holds * breaks), sign, budget)
    if found is None:
        return None
    for _ in range(3):
        limit, cost = found
        past = limit * PAST**sign
        past_cost = yield Question(past, coarse=False)
        if past_cost > budget:
            return Limit(limit, cost, past, past_cost, breaks=True)
        found = past, past_cost
    return Limit(limit, cost, past, past_cost, breaks=False)


def _bracket(
    start: float, outward: float, budget: float, furthest: float | None
) -> Generator[Question, float, tuple[float, float] | None]:
    """A value that holds and one, farther out by `outward`, that breaks."""
    value, before = start, None
    for _ in range(MOST):
        broken = (yield Question(value, coarse=True)) > budget
        if before is not None and broken != before[1]:
            return (before[0], value) if broken else (value, before[0])
        before = value, broken
        value = value / outward if broken else value * outward
        if furthest is not None and abs(value) > abs(furthest):
            return None
    return None


def _fine(value: float, sign: float, budget: float) -> Generator[Question, float, tuple[float, float] | None]:
    """The value that holds of a bracket as narrow as `FINE`, and its cost."""
    holds: tuple[float, float] | None = None
    breaks: float | None = None
    step = COARSE**0.5
    for _ in range(2 * MOST):
        cost = yield Question(value, coarse=False)
        if cost > budget:
            breaks = value
        else:
            holds = value, cost
        if breaks is None:
            value *= step**sign
        elif holds is None:
            value /= step**sign
        elif (breaks / holds[0]) ** sign <= FINE:
            return holds
        else:
            value = math.sqrt(holds[0] * breaks)
    return None


def run(
    searches: Mapping[str, Search], costs: Callable[[Mapping[str, Question]], Mapping[str, float]]
) -> dict[str, Limit | None]:
    """Drive all `searches` to their ends, a round of questions at a time: costs(name -> question) -> name -> cost."""
    asked = {name: next(each) for name, each in searches.items()}
    found: dict[str, Limit | None] = {}
    while asked:
        answers = costs(asked)
        following = {}
        for name in asked:
            try:
                following[name] = searches[name].send(answers[name])
            except StopIteration as done:
                found[name] = done.value
        asked = following
    return {name: found[name] for name in searches}

"""How many levels do queries, keys, values and outputs need?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gaincell_char.attention.chain import INPUT_LEVELS, OUTPUT_LEVELS
from gaincell_char.behavior import load_model
from gaincell_char.studies.change import Change
from gaincell_char.studies.plan import Variant
from gaincell_char.studies.study import Row, Study

BUILT = {"Q": INPUT_LEVELS, "K": 8, "V": 8, "output": OUTPUT_LEVELS}
LEVELS: Mapping[str, Sequence[int]] = {
    "Q": (2, 3, 4, 6, 8, 12, 16, 32, 64),
    "K": (2, 3, 4, 6, 8, 12, 16, 32, 64),
    "V": (2, 3, 4, 6, 8, 12, 16, 32, 64),
    "output": (3, 4, 8, 12, 16, 24, 32, 64, 128),
}
"""Of one of them while the others stay as built."""
TOGETHER = ((8, 4, 4, 16), (32, 16, 16, 64), (256, 256, 256, 256))
"""Of Q, K, V and output."""
WITH: Mapping[str, Callable[[int], Change]] = {
    "Q": lambda levels: Change(q_levels=levels),
    "K": lambda levels: Change(k_levels=levels),
    "V": lambda levels: Change(v_levels=levels),
    "output": lambda levels: Change(out_levels=levels),
}
BUDGET = 0.02
"""Loss over the levels as built, nats a token, that fewer may cost."""


def variants() -> list[Variant]:
    """The linear cell with other levels of each, and of all; scalers as trained, which was with the levels as built."""
    linear = load_model("leroux2025_linear")
    found = []
    for of, counts in LEVELS.items():
        for levels in counts:
            labels = {"of": of, "levels": levels}
            found.append(Variant(f"{of} {levels}", labels, linear, change=WITH[of](levels)))
    for together in TOGETHER:
        name, labels = f"all {' '.join(map(str, together))}", {"of": "all", "levels": together[1]}
        found.append(Variant(name, labels, linear, change=Change(*together)))
    return found


def conclude(rows: Sequence[Row]) -> tuple[Mapping[str, Any], str]:
    """`needed`: the fewest levels of each that cost no more than `BUDGET`, and neither do any more of them."""
    curves = {of: [row for row in rows if row.labels["of"] == of] for of in dict.fromkeys(r.labels["of"] for r in rows)}
    needed = {of: fewest(mine) for of, mine in curves.items() if of in BUILT}
    coarser, finer = min(curves["all"], key=_levels), max(curves["all"], key=_levels)
    numbers = {
        "budget": BUDGET,
        "needed": needed,
        "built": BUILT,
        "finest_together": {"added": finer.added, "interval": finer.interval},
        "half_together": {"added": coarser.added, "interval": coarser.interval},
    }
    named = ", ".join(f"{levels if levels else 'more than tried'} of {of}" for of, levels in needed.items())
    sentence = (
        f"Within {BUDGET} nats of the levels as built ({', '.join(f'{n} of {of}' for of, n in BUILT.items())}) are "
        f"{named}, one at a time; half of all cost {coarser.added:+.3f} nats, "
        f"{_levels(finer)} of all {finer.added:+.3f}."
    )
    return numbers, sentence


def fewest(rows: Sequence[Row]) -> int | None:
    """The fewest levels within `BUDGET` from which on all are; None where the most are not."""
    found: int | None = None
    for row in sorted(rows, key=_levels, reverse=True):
        if row.added > BUDGET:
            break
        found = _levels(row)
    return found


def _levels(row: Row) -> int:
    levels: int = row.labels["levels"]
    return levels


STUDY = Study(name="bits", question=__doc__, variants=variants, conclude=conclude, x="levels", group="of", log=True)

"""Which cells can a network trained on straight cells be adapted to, and can one tell beforehand?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gaincell_char.behavior import load_model
from gaincell_char.studies.cells import FAMILIES, current, with_current
from gaincell_char.studies.plan import AS_TRAINED, Variant, slug
from gaincell_char.studies.study import Row, Study

METHODS = ("paper", "offset-aware")
FAILS = 0.2
"""Loss over the linear model, nats a token, above which an adaptation has failed. On the embedded network no cell is
left between 0.125 and 0.24, so the lists do not hang on it."""
TRANSISTORS = ("leroux2025", "cmos28")


def variants() -> list[Variant]:
    """Every function of `cells.FAMILIES` and the transistor cells, as trained and after both methods."""
    from gaincell_char.adaptation.suitability import suitability

    linear = load_model("leroux2025_linear")
    cells = [
        (family, name, with_current(linear, slug(name), current(family, name)))
        for family, functions in FAMILIES.items()
        for name in functions
    ]
    cells += [("transistors", name, load_model(name)) for name in TRANSISTORS]
    found = []
    for family, name, model in cells:
        judged = suitability(model)
        for adaptation in (AS_TRAINED, *METHODS):
            method = "paper" if adaptation == AS_TRAINED else adaptation
            labels = {
                "family": family,
                "cell": name,
                "gain": judged.gain,
                "distortion": judged.distortion(method),
                "expected": judged.fits(method),
            }
            found.append(Variant(f"{name}, {adaptation}", labels, model, adaptation))
    return found


def conclude(rows: Sequence[Row]) -> tuple[Mapping[str, Any], str]:
    """Per method: which cells fail, how the predictor's verdicts compare, and what thresholds of other families give.

    `passed_but_failed`, `flagged_but_worked`: with the thresholds of `adaptation.suitability`. `leave_one_out`: the
    same two lists with each family judged by a threshold on distortion from all others.
    """
    numbers: dict[str, Any] = {}
    for method in METHODS:
        mine = [row for row in rows if row.adaptation == method]
        numbers[method] = {
            "fails": [row.labels["cell"] for row in mine if failed(row)],
            "works": [row.labels["cell"] for row in mine if not failed(row)],
            **_verdicts([(row, bool(row.labels["expected"])) for row in mine]),
            "threshold": threshold(mine),
            "leave_one_out": _verdicts([(row, accepted(row, _others(mine, row))) for row in mine]),
        }
    counts = ", ".join(
        f"`{m}` {len(numbers[m]['works'])} of {len([r for r in rows if r.adaptation == m])}" for m in METHODS
    )
    missed = [name for method in METHODS for name in numbers[method]["passed_but_failed"]]
    told = "the predictor passes none that fails" if not missed else f"the predictor wrongly passes {', '.join(missed)}"
    return numbers, f"Cells adapted to within {FAILS} nats: {counts}; {told}."


def failed(row: Row) -> bool:
    """Whether the adaptation left more than `FAILS`."""
    return row.added > FAILS


def threshold(rows: Sequence[Row]) -> float:
    """Distortion that separates what works from what fails: halfway between the largest that works, below the smallest
    that fails, and that one. Cells of too little gain are told by their gain, and have no say."""
    judged = [row for row in rows if _strong(row)]
    failing = [row.labels["distortion"] for row in judged if failed(row)]
    smallest = min(failing, default=float("inf"))
    working = [row.labels["distortion"] for row in judged if not failed(row) and row.labels["distortion"] < smallest]
    largest = max(working, default=0.0)
    if not failing:
        return largest
    return float((largest + smallest) / 2)


def accepted(row: Row, others: Sequence[Row]) -> bool:
    """The verdict on a cell by the threshold of other families."""
    return _strong(row) and row.labels["distortion"] <= threshold(others)


def _strong(row: Row) -> bool:
    from gaincell_char.adaptation.suitability import SMALLEST_GAIN

    return bool(row.labels["gain"] >= SMALLEST_GAIN)


def _others(rows: Sequence[Row], row: Row) -> list[Row]:
    return [other for other in rows if other.labels["family"] != row.labels["family"]]


def _verdicts(judged: Sequence[tuple[Row, bool]]) -> dict[str, list[str]]:
    return {
        "passed_but_failed": [row.labels["cell"] for row, passed in judged if passed and failed(row)],
        "flagged_but_worked": [row.labels["cell"] for row, passed in judged if not passed and not failed(row)],
    }


STUDY = Study(
    name="nonlinearity",
    question=__doc__,
    variants=variants,
    conclude=conclude,
    x="distortion",
    group="family",
    log=False,
)

"""Golden characteristics: what a sweep gave when it was last agreed on, with the tolerance for each quantity.

A golden file says how it was made. It holds the values of every point in the order of the plan; where each point is
follows from the spec, so a golden of another spec, or of other measuring code, is stale: it is not compared, and never
updated by itself.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from gaincell_char import keys
from gaincell_char.errors import GaincellError, InputError
from gaincell_char.sweep.dataset import Dataset
from gaincell_char.sweep.limits import condition
from gaincell_char.sweep.section import Section, validated

FORMAT = 1
DIGITS = 6
RELATIVE = 0.01
ABSOLUTE_OF_LARGEST = 1e-3
Array = npt.NDArray[np.float64]


class Tolerance(Section):
    """A value agrees where |value - golden| <= absolute + relative * |golden|."""

    absolute: float = Field(ge=0)
    relative: float = Field(ge=0)


class Golden(Section):
    """The file. `spec`: `Spec.digest`; `values`: column -> a value for each point, to 6 digits."""

    format: int
    sweep: str
    made_by: str
    spec: str
    testbench: str
    testbench_version: int
    tool_version: str
    engine: str
    netlists: dict[str, str]
    tolerances: dict[str, Tolerance]
    values: dict[str, list[float]]


@dataclass(frozen=True)
class Comparison:
    """One quantity against its golden. `difference`: at the worst point; `room`: the largest |difference| over its
    tolerance, more than 1 where it fails."""

    column: str
    unit: str
    result: Literal["pass", "fail", "incomplete", "stale"]
    reason: str
    points: int
    golden: float | None = None
    value: float | None = None
    room: float | None = None
    worst: str = ""


def golden_path(folder: Path, sweep: str) -> Path:
    """Where the golden of the sweep called `sweep` is."""
    return folder / f"{sweep}.json"


def load_golden(path: Path) -> Golden | None:
    """The golden in `path`; None where there is no such file.

    Raises
    ------
    InputError
        Not a golden file of this tool, or a value that is not finite.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constant)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a golden file ({error}); remake it with --update-golden") from error
    golden = validated(Golden, document, str(path))
    if golden.format != FORMAT:
        raise InputError(f"{path}: format {golden.format}, this tool reads {FORMAT}; remake it with --update-golden")
    if set(golden.values) != set(golden.tolerances):
        raise InputError(f"{path}: values of {sorted(golden.values)}, tolerances of {sorted(golden.tolerances)}")
    return golden


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no value")


def make_golden(dataset: Dataset, before: Golden | None) -> Golden:
    """The golden of `dataset`, with the tolerances of `before` where it has some.

    Raises
    ------
    GaincellError
        A point has no result.
    """
    metadata = dataset.metadata
    if missing := metadata["points_without_result"]:
        raise GaincellError(
            f"{metadata['sweep']}: {missing} of {len(dataset.frame)} points have no result; no golden is made of it"
        )
    values = {name: [_short(value) for value in dataset.frame[name]] for name in dataset.measured_columns}
    tolerances = {name: _default_tolerance(numbers) for name, numbers in values.items()}
    return Golden(
        format=FORMAT,
        sweep=metadata["sweep"],
        made_by=f"gaincell check {metadata['sweep']} --update-golden",
        spec=metadata["spec"],
        testbench=f"{metadata['circuit']}.{metadata['testbench']}",
        testbench_version=metadata["testbench_version"],
        tool_version=metadata["tool_version"],
        engine=metadata["engine"],
        netlists=dict(metadata["netlists"]),
        tolerances={
            name: (before.tolerances.get(name) if before else None) or each for name, each in tolerances.items()
        },
        values=values,
    )


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _default_tolerance(values: list[float]) -> Tolerance:
    largest = max(abs(value) for value in values)
    return Tolerance(absolute=float(f"{largest * ABSOLUTE_OF_LARGEST:.1g}"), relative=RELATIVE)


def save_golden(golden: Golden, path: Path) -> None:
    """Publish, a line a column."""
    document = golden.model_dump(mode="json")
    values = document.pop("values")
    head = json.dumps(document, indent=2, allow_nan=False).removesuffix("\n}")
    columns = ",\n".join(
        f"    {json.dumps(name)}: {json.dumps(numbers, allow_nan=False)}" for name, numbers in values.items()
    )
    keys.publish(path, f'{head},\n  "values": {{\n{columns}\n  }}\n}}\n'.encode())


def staleness(golden: Golden, metadata: Mapping[str, Any]) -> str:
    """Why `golden` cannot be compared with a dataset of `metadata`; empty where it can."""
    remake = f"remake it: {golden.made_by}"
    if golden.testbench_version != metadata["testbench_version"]:
        return (f"golden of version {golden.testbench_version} of {golden.testbench}, which is at "
                f"{metadata['testbench_version']} now; {remake}")  # fmt: skip
    if golden.spec != metadata["spec"]:
        return f"the spec changed since the golden was made; {remake}"
    return ""


def compare(golden: Golden, dataset: Dataset, *, stale_too: bool = False) -> list[Comparison]:
    """A comparison for each measured column of the dataset, in its order. With `stale_too` a stale golden is compared
    point by point as well, where it has as many."""
    stale = "" if stale_too else staleness(golden, dataset.metadata)
    units = dataset.metadata["units"]
    found = []
    for name in dataset.measured_columns:
        unit, points = units.get(name, ""), len(dataset.frame)
        if stale or name not in golden.values or len(golden.values[name]) != points:
            reason = stale or f"the golden has no {name} for these points; remake it: {golden.made_by}"
            found.append(Comparison(name, unit, "stale", reason, points))
        else:
            found.append(_compare(name, unit, golden, dataset))
    return found


def _compare(name: str, unit: str, golden: Golden, dataset: Dataset) -> Comparison:
    frame, tolerance = dataset.frame, golden.tolerances[name]
    without = int((frame["status"] != "ok").sum())
    if without:
        reason = f"{without} of {len(frame)} points have no result"
        return Comparison(name, unit, "incomplete", reason, len(frame))
    value, wanted = frame[name].to_numpy(dtype=np.float64), np.asarray(golden.values[name])
    allowed = tolerance.absolute + tolerance.relative * np.abs(wanted)
    room = _room(np.abs(value - wanted), allowed)
    at = int(room.argmax())
    beyond = int((room > 1).sum())
    reason = (
        f"{beyond} of {len(frame)} points beyond {tolerance.absolute:g} + {tolerance.relative:g} of it"
        if beyond
        else ""
    )
    return Comparison(
        name, unit, "fail" if beyond else "pass", reason, len(frame), golden=float(wanted[at]), value=float(value[at]),
        room=float(room[at]), worst=condition(frame.iloc[at], dataset),
    )  # fmt: skip


def _room(difference: Array, allowed: Array) -> Array:
    """How much of the tolerance is used; a difference that is no number uses more than all of it."""
    used = np.divide(difference, allowed, out=np.where(difference > 0, math.inf, 0.0), where=allowed > 0)
    return np.where(np.isfinite(difference), used, math.inf)

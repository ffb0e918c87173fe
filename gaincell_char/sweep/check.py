"""Sweeps against their limits and their goldens: what `gaincell check` does."""

from __future__ import annotations

import difflib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from gaincell_char.circuits.testbench import testbench
from gaincell_char.errors import InputError
from gaincell_char.paths import data_folder
from gaincell_char.sweep.dataset import Dataset
from gaincell_char.sweep.golden import Comparison, Golden, compare, golden_path, load_golden, make_golden
from gaincell_char.sweep.groups import together
from gaincell_char.sweep.limits import Verdict, judge
from gaincell_char.sweep.overrides import Overrides
from gaincell_char.sweep.run import Prepared, prepare, run_prepared
from gaincell_char.sweep.spec import Spec, load_spec

Outcome = Literal["pass", "fail", "incomplete", "stale"]
_ORDER: tuple[Outcome, ...] = ("fail", "incomplete", "stale", "pass")
RunSweep = Callable[[Prepared], Dataset]


@dataclass(frozen=True)
class Line:
    """One thing checked: a limit, or a quantity against its golden."""

    kind: Literal["limit", "golden"]
    name: str
    result: Outcome
    unit: str
    low: float | None
    typical: float | None
    high: float | None
    measured: tuple[float, ...]
    points: int
    worst: str
    reason: str


@dataclass(frozen=True)
class Checked:
    """A sweep and what was checked of it. `skipped`: why nothing was; empty otherwise."""

    sweep: str
    lines: tuple[Line, ...]
    seconds: float
    points: int = 0
    skipped: str = ""
    dataset: Dataset | None = None

    @property
    def result(self) -> Outcome:
        """The worst of its lines."""
        return next((each for each in _ORDER if any(line.result == each for line in self.lines)), "pass")


def specs_to_check(given: Sequence[str]) -> list[Spec]:
    """The specs `given`, or all bundled ones."""
    names: Sequence[str | Path] = given or sorted(data_folder("sweeps").glob("*.yaml"))
    return [load_spec(name) for name in names]


def applicable(spec: Spec, overrides: Overrides) -> tuple[Overrides, str]:
    """`overrides` as far as `spec` takes them, and why it takes none: a changed parameter that its circuit does not
    have leaves a sweep as it is; one that it sweeps itself cannot be changed."""
    asked = {**overrides.parameters, **overrides.factors}
    known = {parameter.name for parameter in testbench(spec.testbench).parameters}
    if asked and not known & set(asked):
        return overrides, f"{spec.testbench} has no {' or '.join(asked)}"
    if swept := next((name for name in (*spec.axes, *together(spec)) if name in asked), None):
        return overrides, f"it sweeps {swept} itself"
    return replace(
        overrides,
        parameters={name: value for name, value in overrides.parameters.items() if name in known},
        factors={name: value for name, value in overrides.factors.items() if name in known},
    ), ""


def known_somewhere(specs: Sequence[Spec], overrides: Overrides) -> None:
    """Raise `InputError` where a changed parameter belongs to none of the circuits."""
    known = {parameter.name for spec in specs for parameter in testbench(spec.testbench).parameters}
    for name in (*overrides.parameters, *overrides.factors):
        if name not in known:
            close = difflib.get_close_matches(name, sorted(known), n=3)
            hint = f"did you mean {' or '.join(close)}?" if close else "`gaincell circuits` lists them"
            raise InputError(f"--set {name}: no sweep that is checked has this parameter; {hint}")


def check_sweep(spec: Spec, overrides: Overrides, goldens: Path, run: RunSweep, *, engine: str = "batch") -> Checked:
    """Run `spec` and judge it. A changed design is held against the limits only: the golden is of the nominal one."""
    changes, skipped = applicable(spec, overrides)
    if skipped:
        return Checked(spec.name, (), 0.0, skipped=skipped)
    started = time.monotonic()
    changed = changes != Overrides()
    golden = None if changed else load_golden(golden_path(goldens, spec.name))
    if not spec.limits and golden is None:
        why = "no limits, and a golden is of the design as it is" if changed else "neither limits nor a golden"
        return Checked(spec.name, (), 0.0, skipped=why)
    prepared = prepare(spec, engine=engine, overrides=changes)
    dataset = run(prepared)
    lines = [_of_limit(verdict) for verdict in judge(prepared.spec.limits, dataset, prepared.spec.measures)]
    lines += [_of_golden(each) for each in (compare(golden, dataset) if golden else ())]
    return Checked(spec.name, tuple(lines), time.monotonic() - started, len(dataset.frame), dataset=dataset)


@dataclass(frozen=True)
class Proposal:
    """A golden to be written to `path`, and what the one that is there says of its values (None: there is none)."""

    golden: Golden
    path: Path
    differences: list[Comparison] | None


def propose_golden(spec: Spec, goldens: Path, run: RunSweep, *, engine: str = "batch") -> Proposal:
    """Run `spec` and make a golden of it; nothing is written.

    Raises
    ------
    GaincellError
        A point has no result.
    """
    path = golden_path(goldens, spec.name)
    before = load_golden(path)
    dataset = run(prepare(spec, engine=engine))
    differences = compare(before, dataset, stale_too=True) if before else None
    return Proposal(make_golden(dataset, before), path, differences)


def runner(store: Callable[[Spec], Path], workers: int, progress: Callable[[int, int, str], None]) -> RunSweep:
    """Runs a prepared sweep in the store of its spec."""
    return lambda prepared: run_prepared(prepared, store(prepared.spec), workers, progress=progress)


def _of_limit(verdict: Verdict) -> Line:
    measured = tuple(dict.fromkeys(value for value in (verdict.lowest, verdict.highest) if value is not None))
    limit = verdict.limit
    return Line("limit", verdict.name, verdict.result, verdict.unit, limit.min, limit.typ, limit.max, measured,
                verdict.points, verdict.worst, verdict.reason)  # fmt: skip


def _of_golden(found: Comparison) -> Line:
    measured = () if found.value is None or not math.isfinite(found.value) else (found.value,)
    return Line("golden", found.column, found.result, found.unit, None, found.golden, None, measured, found.points,
                found.worst, found.reason)  # fmt: skip

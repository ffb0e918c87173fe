"""The dataset of a plan: what the store holds, in the order of the plan, whatever order it was computed in."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from gaincell_char.circuits.testbench import Testbench
from gaincell_char.sweep.dataset import Dataset
from gaincell_char.sweep.execute import Task
from gaincell_char.sweep.plan import CONDITIONS, Plan
from gaincell_char.sweep.spec import Spec
from gaincell_char.sweep.store import Store
from gaincell_char.sweep.worker import ATTEMPT
from gaincell_char.version import __version__

MISSING = "missing"


def assemble(spec: Spec, plan: Plan, testbench: Testbench, tasks: Sequence[Task], store: Store) -> Dataset:
    """One row a point. A deck that failed has rows too, with its kind as `status`, the `reason`, and no measured values
    (NaN); one that was not run has status `missing`."""
    blocks = [_block(plan, testbench, task, store) for task in tasks]
    frame = pd.DataFrame({name: list(itertools.chain.from_iterable(b[name] for b in blocks)) for name in blocks[0]})
    return Dataset(frame, _metadata(spec, plan, testbench, tasks, frame))


def _block(plan: Plan, testbench: Testbench, task: Task, store: Store) -> dict[str, list[Any]]:
    found = store.get(task.identity.key)
    status, reason = "ok", ""
    if found is None:
        failure = store.failure(task.identity.key)
        status, reason = (failure.kind.value, failure.reason) if failure else (MISSING, "not run")
        found = _without_values(testbench, task)
    names = [*(axis.name for axis in testbench.axes), *testbench.columns, *([ATTEMPT] if task.alternatives else [])]
    measured = {name: found[name] for name in names}
    points = len(next(iter(measured.values())))
    setting = task.setting
    fixed: dict[str, str | float] = {name: getattr(setting, name) for name in CONDITIONS}
    if setting.sample is not None:
        fixed |= {"sample": setting.sample, "seed": setting.seed}
    fixed |= {name: setting.parameters[name] for name in plan.varied if name in setting.parameters}
    point_ids = [f"{task.identity.key[:12]}-{row:04d}" for row in range(points)]
    repeated = {name: [value] * points for name, value in fixed.items()}
    return {"point_id": point_ids, **repeated, **measured, "status": [status] * points, "reason": [reason] * points}


def _without_values(testbench: Testbench, task: Task) -> dict[str, list[float]]:
    rows = list(itertools.product(*(task.setting.axes[axis.name] for axis in testbench.axes)))
    axes = {axis.name: [row[number] for row in rows] for number, axis in enumerate(testbench.axes)}
    return axes | {name: [float("nan")] * len(rows) for name in (*testbench.columns, ATTEMPT)}


def _metadata(
    spec: Spec, plan: Plan, testbench: Testbench, tasks: Sequence[Task], frame: pd.DataFrame
) -> dict[str, Any]:
    inputs: Mapping[str, Any] = tasks[0].identity.inputs
    units = (
        {"temperature_C": "C", "vdd_V": "V"}
        | {axis.name: axis.unit for axis in testbench.axes}
        | dict(testbench.columns)
    )
    units |= {parameter.name: parameter.unit for parameter in testbench.parameters if parameter.name in plan.varied}
    return {
        "sweep": spec.name,
        "circuit": testbench.circuit,
        "testbench": testbench.name,
        "testbench_version": testbench.version,
        "technology": spec.technology,
        "parameters": dict(plan.fixed),
        "numerics": dict(tasks[0].setting.numerics),
        "engine": inputs["engine"],
        "netlists": dict(sorted({(name, digest) for task in tasks for name, digest in task.identity.inputs["files"]})),
        "spec": spec.digest,
        "columns": [*testbench.columns, *([ATTEMPT] if spec.retries else [])],
        "units": units,
        "tool_version": __version__,
        "points": len(frame),
        "points_without_result": int((frame["status"] != "ok").sum()),
    }

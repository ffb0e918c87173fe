"""The dataset of a plan: what the store holds, in the order of the plan, whatever order it was computed in."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gaincell_char.circuits.testbench import Setting, Testbench
from gaincell_char.sweep.beside import devices, own_parameters
from gaincell_char.sweep.dataset import Dataset
from gaincell_char.sweep.execute import Task
from gaincell_char.sweep.names import Names
from gaincell_char.sweep.plan import CONDITIONS, Plan
from gaincell_char.sweep.spec import Spec
from gaincell_char.sweep.store import Store
from gaincell_char.sweep.worker import ATTEMPT
from gaincell_char.version import __version__

MISSING = "missing"
_AT_ONCE = 10_000


def assemble(
    spec: Spec,
    plan: Plan,
    testbench: Testbench,
    names: Names,
    engine: str,
    store: Store,
    alone: Callable[[int], Iterable[Task]],
) -> Dataset:
    """One row a point. A deck that failed has rows too, with its kind as `status`, the `reason`, and no measured values
    (NaN); one that was not run has status `missing`. `alone`: the devices under test of a deck that several share, each
    in a deck of its own, which counts where the shared one failed."""
    columns: dict[str, _Numbers | _Texts] = {}
    measured = [*testbench.columns, *([ATTEMPT] if spec.retries else [])]
    for deck, setting in enumerate(plan.settings):
        own = [(names[deck], setting)]
        if setting.beside and store.failure(names[deck]):
            own = [(task.identity.key, task.setting) for task in alone(deck)]
        for block in (_block(plan, testbench, measured, *each, store) for each in own):
            for name, values in block.items():
                if name not in columns:
                    columns[name] = _Texts() if isinstance(values[0], str) else _Numbers(values[0])
                columns[name].extend(values)
    frame = pd.DataFrame({name: column.packed() for name, column in columns.items()}, copy=False)
    frame = _ordered(frame, plan)
    return Dataset(frame, _metadata(spec, plan, testbench, names, engine, frame))


def _ordered(frame: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """The rows in the order of the spec, whichever deck they come from."""
    if plan.order is None or all(before < after for before, after in itertools.pairwise(plan.order)):
        return frame
    devices = np.argsort(np.asarray(plan.order), kind="stable")
    rows = devices[:, None] * plan.points_per_device + np.arange(plan.points_per_device)
    return frame.iloc[rows.ravel()].reset_index(drop=True)


class _Numbers:
    """A column of numbers, 8 bytes each."""

    def __init__(self, first: float) -> None:
        self._values = array("q" if isinstance(first, int) else "d")
        self.extend = self._values.extend

    def packed(self) -> np.ndarray[Any, Any]:
        return np.frombuffer(self._values, dtype=np.int64 if self._values.typecode == "q" else np.float64)


class _Texts:
    """A column of text, packed time and again: as Python strings a million take 70 MB."""

    def __init__(self) -> None:
        self._loose: list[str] = []
        self._packed: list[Any] = []

    def extend(self, values: Sequence[str]) -> None:
        self._loose += values
        if len(self._loose) >= _AT_ONCE:
            self._pack()

    def packed(self) -> pd.Series[str]:
        import pyarrow as pa

        self._pack()
        series: pd.Series[str] = pa.chunked_array(self._packed, pa.large_string()).to_pandas()
        return series

    def _pack(self) -> None:
        import pyarrow as pa

        self._packed.append(pa.array(self._loose, pa.large_string()))
        self._loose = []


def _block(
    plan: Plan, testbench: Testbench, columns: Sequence[str], key: str, setting: Setting, store: Store
) -> dict[str, list[Any]]:
    found = store.get(key)
    status, reason = "ok", ""
    if found is None:
        failure = store.failure(key)
        status, reason = (failure.kind.value, failure.reason) if failure else (MISSING, "not run")
        found = _without_values(testbench, columns, setting)
    measured = {name: found[name] for name in (*(axis.name for axis in testbench.axes), *columns)}
    points = len(next(iter(measured.values())))
    fixed: dict[str, str | float] = {name: getattr(setting, name) for name in CONDITIONS}
    if setting.sample is not None:
        fixed |= {"sample": setting.sample, "seed": setting.seed}
    point_ids = [f"{key[:12]}-{row:04d}" for row in range(points)]
    repeated: dict[str, list[Any]] = {name: [value] * points for name, value in fixed.items()}
    for name in plan.varied:
        if name in setting.parameters:
            each = own_parameters(setting, name)
            repeated[name] = [value for value in each for _ in range(points // len(each))]
    return {"point_id": point_ids, **repeated, **measured, "status": [status] * points, "reason": [reason] * points}


def _without_values(testbench: Testbench, columns: Sequence[str], setting: Setting) -> dict[str, list[float]]:
    rows = list(itertools.product(*(setting.axes[axis.name] for axis in testbench.axes))) * devices(setting)
    axes = {axis.name: [row[number] for row in rows] for number, axis in enumerate(testbench.axes)}
    return axes | {name: [float("nan")] * len(rows) for name in columns}


def _metadata(
    spec: Spec, plan: Plan, testbench: Testbench, names: Names, engine: str, frame: pd.DataFrame
) -> dict[str, Any]:
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
        "numerics": dict(plan.settings[0].numerics),
        "engine": engine,
        "netlists": names.netlists,
        "spec": spec.digest,
        "columns": [*testbench.columns, *([ATTEMPT] if spec.retries else [])],
        "units": units,
        "tool_version": __version__,
        "points": len(frame),
        "points_without_result": int((frame["status"] != "ok").sum()),
    }

"""One deck of a sweep taken out: a folder in which a designer sees it, runs it and changes it."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gaincell_char import keys
from gaincell_char.errors import InputError
from gaincell_char.spice.by_hand import DECK, clear, run_folder, write_folder
from gaincell_char.spice.types import SimulationFailure, Waveforms
from gaincell_char.spice.verdict import judge
from gaincell_char.sweep.beside import alone, devices, measure
from gaincell_char.sweep.execute import Task
from gaincell_char.sweep.run import TIMEOUT_S, Prepared
from gaincell_char.sweep.survey import condition

PICTURE, SUMMARY = "waveforms.png", "point.json"
_SHORTEST = 4
_CURVES = 24


@dataclass(frozen=True)
class Point:
    """What `take_out` left. `result`: `ok`, or the failure's one line; `picture` is None where nothing can be drawn."""

    folder: Path
    key: str
    condition: str
    result: str
    rows: list[dict[str, float]]
    picture: Path | None


def find(prepared: Prepared, given: str) -> tuple[Task, int | None]:
    """The deck that `given` names, and the row of it: a `point_id` of the dataset (`0123456789ab-0042`), or the start
    of a deck's key. Of a point whose deck several devices under test share: the deck of its device alone.

    Raises
    ------
    InputError
        It names none, or several.
    """
    key, dash, row = given.partition("-")
    if not (found := _starting(prepared.tasks, key)) and prepared.plan.shares:
        found = _starting((task for deck in range(len(prepared.tasks)) for task in prepared.alone(deck)), key)
    if len(found) != 1:
        what = f"names {len(found)} decks" if found else "names no deck of this sweep"
        how = f"point_id is a column of the dataset; `gaincell sweep status {prepared.spec.name} --json` lists the keys"
        raise InputError(f"{given!r} {what}; {how}")
    (task,), each = found, prepared.plan.points_per_device
    if not dash:
        return task, None
    points = each * devices(task.setting)
    if not row.isdigit() or int(row) >= points:
        raise InputError(f"{given!r}: that deck has points 0000 to {points - 1:04d}")
    device, own_row = divmod(int(row), each)
    return prepared.task(alone(task.setting)[device]) if task.setting.beside else task, own_row


def _starting(tasks: Iterable[Task], key: str) -> list[Task]:
    return [task for task in tasks if len(key) >= _SHORTEST and task.identity.key.startswith(key.lower())]


def take_out(prepared: Prepared, given: str, folder: Path, timeout_s: float = TIMEOUT_S) -> Point:
    """Write the deck that `given` names to `folder` with all it includes, run it there, measure and draw it.

    Raises
    ------
    InputError
        As `find`; or `folder` holds something else.
    """
    task, row = find(prepared, given)
    if folder.exists() and any(folder.iterdir()) and not (folder / DECK).is_file():
        raise InputError(f"{folder}: not empty, and no folder of an earlier point; choose another -o")
    clear(folder)
    write_folder(task.deck, folder)
    rows: list[dict[str, float]] = []
    picture = None
    try:
        waveforms = judge(task.deck, run_folder(folder, timeout_s))
        picture = _draw(waveforms, folder / PICTURE, condition(prepared, task.setting))
        rows, result = measure(prepared.testbench, task.setting, task.deck, waveforms), "ok"
    except SimulationFailure as failure:
        result = " ".join(str(failure).split())
    where = condition(prepared, task.setting)
    keys.publish(folder / SUMMARY, _summary(prepared, task, row, where, result, rows))
    return Point(folder, task.identity.key, where, result, rows if row is None else rows[row : row + 1], picture)


def _summary(
    prepared: Prepared, task: Task, row: int | None, where: str, result: str, rows: list[dict[str, float]]
) -> bytes:
    document: dict[str, Any] = {
        "sweep": prepared.spec.name,
        "key": task.identity.key,
        "row": row,
        "condition": where,
        "result": result,
        "setting": dataclasses.asdict(task.setting),
        "engine": task.identity.inputs["engine"],
        "rows": rows,
    }
    return (json.dumps(document, indent=2, allow_nan=False) + "\n").encode()


def _draw(waveforms: Waveforms, path: Path, title: str) -> Path:
    """Voltages and currents over the sweep variable, in a panel each; of many vectors the first ones."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    kinds = {"v(": "V", "i(": "A"}
    panels: dict[str, list[str]] = {}
    for name in waveforms.vectors:
        panels.setdefault(kinds.get(name[:2], ""), []).append(name)
    shown = {unit: names[:_CURVES] for unit, names in panels.items()}
    figure = Figure(figsize=(9, 3 * len(shown)), layout="constrained")
    axes = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
    back = np.flatnonzero(np.diff(waveforms.scale) < 0) + 1  # a nested .dc starts over: no line back to its start
    scale = np.insert(waveforms.scale, back, np.nan)
    for axis, (unit, names) in zip(axes, shown.items(), strict=True):
        axis.set_prop_cycle(color=colormaps["viridis"](np.linspace(0, 0.9, len(names))))
        for name in names:
            axis.plot(scale, np.insert(waveforms.vectors[name], back, np.nan), linewidth=1, label=name)
        axis.set_ylabel(unit)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=7, ncols=max(1, len(names) // 8), loc="center left", bbox_to_anchor=(1.0, 0.5))
    axes[-1].set_xlabel("time (s)" if waveforms.scale_name == "time" else waveforms.scale_name)
    figure.suptitle(title, fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    keys.publish(path, buffer.getvalue())
    return path

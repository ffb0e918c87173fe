"""`gaincell verify head`: random heads through ngspice and through the model, compared and judged."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gaincell_char.attention.trace import HeadOutput
from gaincell_char.behavior import BehavioralModel
from gaincell_char.behavior.schema import Condition
from gaincell_char.circuits.head.case import HeadCase
from gaincell_char.circuits.head.phases import Phases
from gaincell_char.circuits.testbench import Setting
from gaincell_char.errors import InputError, unknown_name
from gaincell_char.paths import cache_folder
from gaincell_char.spice.engine import open_engine
from gaincell_char.sweep.execute import Task
from gaincell_char.sweep.worker import ATTEMPT
from gaincell_char.technology import CORNERS
from gaincell_char.verification import predict
from gaincell_char.verification.cases import Size, draw
from gaincell_char.verification.compare import Comparison, compare
from gaincell_char.verification.simulate import RETRIES, Failure, Progress, Row, run, task
from gaincell_char.verification.statistics import (
    CORNER_LIMITS,
    FIDELITIES,
    NOMINAL_LIMITS,
    failures,
    histogram,
    statistics,
)


@dataclass(frozen=True)
class Request:
    """Which cases, at which condition."""

    cases: int = 100
    seed: int = 1
    size: Size = field(default_factory=Size)
    condition: Condition = field(default_factory=Condition)


@dataclass(frozen=True)
class Prepared:
    """The decks of all cases, and what the model says of each."""

    request: Request
    model: BehavioralModel
    phases: Phases
    setting: Setting
    tasks: tuple[Task, ...]
    predictions: tuple[dict[str, HeadOutput], ...]


@dataclass(frozen=True)
class Simulated:
    """Comparisons of the cases that have a result, in their order, what was measured of each, and the failures."""

    compared: tuple[Comparison, ...]
    rows: dict[int, Row]
    failed: tuple[Failure, ...]


def condition(corner: str, temperature_C: float, vdd_V: float) -> Condition:
    """The condition of these names and values.

    Raises
    ------
    InputError
        An unknown corner, a supply or a temperature that is no number.
    """
    if corner not in CORNERS:
        raise unknown_name("corner", corner, CORNERS)
    if not (math.isfinite(temperature_C) and math.isfinite(vdd_V) and vdd_V > 0):
        raise InputError(f"{temperature_C:g} C, {vdd_V:g} V; expected a temperature and a supply")
    return Condition(corner=corner, temperature_C=temperature_C, vdd_V=vdd_V)  # type: ignore[arg-type]


def default_store() -> Path:
    """Where finished cases are kept where no store is named."""
    return cache_folder() / "verify" / "head.sqlite"


def prepare(request: Request, model: BehavioralModel) -> Prepared:
    """Draw the cases, ask `model` (as it is at the request's condition) for each, and lay out the decks. The draws
    depend on the model's nominal levels only: the same cases at every condition. Tokens without a simulated key column
    are given the pulses that the model predicts.

    Raises
    ------
    InputError
        A size that cannot be, a condition at which the model was not characterized, or a section that it lacks.
    EnvironmentFault
        There is no simulator.
    """
    size = request.size
    if not 1 <= size.columns <= size.tokens <= 64 or not 1 <= size.rows <= 64 or request.cases < 1:
        raise InputError(
            f"{request.cases} cases with {size.columns} key columns of {size.rows} rows and {size.tokens} tokens; "
            "expected at least one case, 1 to 64 rows and tokens, and 1 to as many key columns as tokens"
        )
    here, phases = predict.at(model, request.condition), Phases()
    setting = Setting(
        technology=model.technology,
        corner=request.condition.corner,
        temperature_C=request.condition.temperature_C,
        vdd_V=request.condition.vdd_V,
        parameters={name: value for name, value in model.parameters.items() if name.startswith("gain_cell.")},
    )
    widths = predict.input_widths_s(here)
    with closing(open_engine("batch")) as engine:
        identity = engine.identity
    tasks, predictions = [], []
    for index in range(request.cases):
        queries, keys, values, phase = draw(request.seed, index, size, predict.levels(model))
        circuit = predict.circuit(here, queries, keys, values)
        case = HeadCase(
            queries=tuple(queries.tolist()),
            keys=tuple(tuple(column) for column in keys[: size.columns].tolist()),
            values=tuple(values.tolist()),
            pulses_s=tuple(circuit.relu_pulse_s[size.columns :].tolist()),
            clock_phase=phase,
        )
        tasks.append(task(setting, index, request.seed, case, phases, widths, identity))
        predictions.append({"circuit": circuit, "paper": predict.paper(model, queries, keys, values)})
    return Prepared(request, here, phases, setting, tuple(tasks), tuple(predictions))


def simulate(prepared: Prepared, store: Path, workers: int, progress: Progress) -> Simulated:
    """Run what `store` does not hold, and compare.

    Raises
    ------
    EnvironmentFault
        The store is in use, or cannot be written.
    KeyboardInterrupt
        Ctrl-C; what was finished is kept.
    """
    columns, step = prepared.request.size.columns, prepared.predictions[0]["circuit"].step_s
    largest = 0.0

    def compared_with_model(index: int, row: Row) -> Comparison:
        return compare(index, row, prepared.predictions[index], columns, step)

    def note(index: int, row: Row) -> str:
        nonlocal largest
        largest = max(largest, abs(compared_with_model(index, row).errors_LSB["circuit"]))
        return f"largest error {largest:.3f} LSB"

    rows, failed = run(
        prepared.tasks, columns, prepared.phases, store=store, workers=workers, progress=progress, note=note
    )
    compared = [compared_with_model(index, rows[index]) for index in sorted(rows)]
    return Simulated(tuple(compared), rows, tuple(failed))


def result(prepared: Prepared, simulated: Simulated) -> dict[str, Any]:
    """What `gaincell verify head --json` prints."""
    request, compared, failed = prepared.request, simulated.compared, simulated.failed
    found = {name: statistics(compared, name) for name in FIDELITIES} if compared else {}
    limits = NOMINAL_LIMITS if request.condition == Condition() else CORNER_LIMITS
    missed = failures(found["circuit"], limits) if found else []
    if failed:
        missed.append(f"{len(failed)} of {request.cases} cases have no result")
    return {
        "model": prepared.model.name,
        "condition": request.condition.model_dump(),
        "seed": request.seed,
        "size": asdict(request.size),
        "LSB_s": prepared.predictions[0]["circuit"].step_s,
        "limits": limits,
        "passed": not missed,
        "missed": missed,
        "statistics": {name: asdict(each) for name, each in found.items()},
        "retries": [dict(each) for each in RETRIES],
        "histogram": {str(code): count for code, count in histogram(compared).items()},
        "cases": [_case(each, simulated.rows[each.index]) for each in compared],
        "failures": [{"case": each.index, "kind": each.kind.value, "reason": each.reason, "deck": str(each.deck)}
                     for each in failed],
    }  # fmt: skip


def _case(each: Comparison, row: Row) -> dict[str, Any]:
    return {
        "case": each.index,
        "pulse_error_LSB": each.errors_LSB["circuit"],
        "code": each.code,
        "model_code": each.codes["circuit"],
        "pulse_s": each.pulse_s,
        "model_pulse_s": each.pulses_s["circuit"],
        "paper_code": each.codes["paper"],
        "paper_error_LSB": each.errors_LSB["paper"],
        "key_pulses_s": list(each.key_pulses_s),
        "key_errors_LSB": each.key_errors_LSB["circuit"].tolist(),
        "key_line_V": [row["key_low_V"], row["key_high_V"]],
        "value_line_V": [row["value_low_V"], row["value_high_V"]],
        "windows_s": [row["key_window_s"], row["positive_window_s"], row["negative_window_s"]],
        "attempt": round(row[ATTEMPT]),
    }

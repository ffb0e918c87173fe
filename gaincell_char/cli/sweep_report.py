"""How `gaincell sweep` tells what it did: tables and lines for people, documents for programs."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gaincell_char.cli.common import message

if TYPE_CHECKING:
    from gaincell_char.sweep.dataset import Dataset
    from gaincell_char.sweep.limits import Verdict
    from gaincell_char.sweep.run import Prepared
    from gaincell_char.sweep.survey import DeckState, Survey

SHOWN = 5


def explain_states(states: Iterable[DeckState], say: Callable[[str], None]) -> None:
    for state in states:
        say(f"{state.key[:12]} {state.condition}: {state.state}{': ' + state.reason if state.reason else ''}")


def report_states(found: Survey, explain: bool, as_json: bool) -> None:
    prepared, counts = found.prepared, found.counts
    if as_json:
        points = {"decks": len(found), "points": prepared.plan.points, "store": str(found.store)}
        _print_with_states({"sweep": prepared.spec.name, **points, **counts}, found)
        return
    if explain:
        explain_states(found, click.echo)
    click.echo(
        f"{prepared.spec.name}: {prepared.plan.points} points in {len(found)} decks: {counts['stored']} stored, "
        f"{counts['failed']} failed, {counts['missing']} missing; store {found.store}"
    )


def _print_with_states(document: dict[str, Any], states: Iterable[DeckState]) -> None:
    """`document` with a list `states`, as JSON that is written deck by deck."""
    click.echo(json.dumps(document, indent=2, allow_nan=False).removesuffix("\n}") + ',\n  "states": [', nl=False)
    for number, s in enumerate(states):
        state = {"key": s.key, "condition": s.condition, "state": s.state, "reason": s.reason}
        line = json.dumps({**state, "deck": str(s.deck) if s.deck else None})
        click.echo(f"{',' if number else ''}\n    {line}", nl=False)
    click.echo("\n  ]\n}")


def summary(
    prepared: Prepared,
    dataset: Dataset,
    store: Path,
    written: dict[str, str] | None,
    failed: Iterable[DeckState],
    verdicts: list[Verdict],
) -> dict[str, Any]:
    return {
        "sweep": prepared.spec.name,
        "points": len(dataset.frame),
        "points_without_result": dataset.metadata["points_without_result"],
        "decks": len(prepared.tasks),
        "engine": dataset.metadata["engine"],
        "store": str(store),
        "dataset": written,
        "failed": [{"condition": s.condition, "reason": s.reason, "deck": str(s.deck)} for s in failed],
        "limits": [
            {"name": v.name, "result": v.result, "reason": v.reason, "lowest": v.lowest, "highest": v.highest,
             "points": v.points, "unit": v.unit, **v.limit.model_dump(mode="json")} for v in verdicts
        ],
    }  # fmt: skip


def show_run(
    prepared: Prepared, dataset: Dataset, store: Path, written: dict[str, str] | None, verdicts: list[Verdict]
) -> None:
    if verdicts:
        show_limits(verdicts)
    good = len(dataset.frame) - dataset.metadata["points_without_result"]
    where = f"written to {written['path']}" if written else f"kept in {store}"
    click.echo(f"{prepared.spec.name}: {good} of {len(dataset.frame)} points, {where}")


def show_limits(verdicts: list[Verdict]) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Column, Table

    from gaincell_char.units import format_si

    def written(value: float | None, unit: str) -> str:
        return "" if value is None else format_si(value, unit)

    colors = {"pass": "green", "fail": "bold red", "incomplete": "yellow"}
    table = Table(Column("limit", overflow="fold"), "min", "typ", "max", "measured", "result", box=SIMPLE)
    for v in verdicts:
        ends = list(dict.fromkeys(written(value, v.unit) for value in (v.lowest, v.highest)))
        bounds = [written(value, v.unit) for value in (v.limit.min, v.limit.typ, v.limit.max)]
        table.add_row(v.name, *bounds, " to ".join(ends), f"[{colors[v.result]}]{v.result}[/]")
    Console().print(table)
    for v in verdicts:
        if v.reason:
            message(f"{v.name}: {v.result}: {v.reason} ({judged(v)})")


def judged(verdict: Verdict) -> str:
    limit = verdict.limit
    column = limit.column if limit.reduce == "each" else f"{limit.reduce} of {limit.column}"
    return ", ".join([column, *(f"{name} {value}" for name, value in limit.where.items())])


def show_failed(found: Survey) -> None:
    for state in itertools.islice(found.failures(), SHOWN):
        message(f"failed: {state.condition}: {state.reason}; deck {state.deck}")
    if (more := found.counts["failed"] - SHOWN) > 0:
        message(f"and {more} more; `gaincell sweep status SPEC --json` lists them")

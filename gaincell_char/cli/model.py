"""`gaincell model`: look at behavioral models, check them, compare two, export them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gaincell_char.cli.common import json_option, print_json
from gaincell_char.cli.export import export
from gaincell_char.errors import LimitError

if TYPE_CHECKING:
    from gaincell_char.behavior.difference import Change, ModelDifference
    from gaincell_char.behavior.quantities import Quantity
    from gaincell_char.behavior.schema import BehavioralModel


@click.group("model", epilog="Example: gaincell model diff leroux2025 my_cell.json")
def command() -> None:
    """Show, validate, compare and export behavioral models: a bundled name or a JSON file."""


command.add_command(export)


@command.command("show", epilog="Example: gaincell model show leroux2025")
@click.argument("model")
@json_option
def show(model: str, as_json: bool) -> None:
    """The figures of MODEL: zero crossing, slope, coefficients, retention, full scales, and where they come from."""
    from gaincell_char.behavior import load_model
    from gaincell_char.behavior.quantities import quantities

    loaded = load_model(model)
    figures = quantities(loaded)
    if as_json:
        print_json(_description(loaded, figures))
        return
    condition = loaded.condition
    click.echo(f"{loaded.name}: {loaded.description}")
    click.echo(
        f"{loaded.technology}; {condition.corner}, {condition.temperature_C:g} C, {condition.vdd_V:g} V; "
        f"{loaded.cell.kind}, {loaded.cell.n_levels} levels; from {loaded.provenance.source}"
    )
    _print_rows([(name, f"{figure.value:.6g} {figure.unit}", figure.meaning) for name, figure in figures.items()])


@command.command("validate", epilog="Example: gaincell model validate my_cell.json")
@click.argument("model")
@json_option
def validate_command(model: str, as_json: bool) -> None:
    """Check MODEL against the schema (exit 2 where it cannot be read) and against itself (exit 1)."""
    from gaincell_char.behavior import load_model, validate

    faults = validate(load_model(model))
    if as_json:
        print_json({"model": model, "valid": not faults, "faults": faults})
    for fault in faults if not as_json else []:
        click.echo(f"{model}: {fault}")
    if faults:
        raise LimitError(f"{model}: {len(faults)} contradiction{'s' if len(faults) > 1 else ''} in the model")
    if not as_json:
        click.echo(f"{model}: valid")


@command.command("diff", epilog="Example: gaincell model diff leroux2025 my_cell.json")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--fields", is_flag=True, help="Also every field that differs (always in --json).")
@json_option
def diff_command(first: str, second: str, fields: bool, as_json: bool) -> None:
    """What changes from model A to model B, and by how much of A."""
    from gaincell_char.behavior import diff, load_model

    found = diff(load_model(first), load_model(second))
    if as_json:
        print_json({"a": first, "b": second, **_changes(found)})
        return
    if not found.quantities and not found.fields:
        click.echo("the models are equal")
        return
    _print_rows([("figure", first, second, "change"), *(_row(change) for change in found.quantities)])
    if not fields:
        click.echo(f"{len(found.fields)} fields differ; --fields lists them")
        return
    click.echo()
    _print_rows([("field", first, second, "change"), *(_row(change) for change in found.fields)])


def _description(model: BehavioralModel, figures: dict[str, Quantity]) -> dict[str, Any]:
    return {
        "name": model.name,
        "description": model.description,
        "technology": model.technology,
        "condition": model.condition.model_dump(mode="json"),
        "parameters": model.parameters,
        "quantities": {name: {"value": figure.value, "unit": figure.unit} for name, figure in figures.items()},
        "provenance": model.provenance.model_dump(mode="json"),
    }


def _changes(found: ModelDifference) -> dict[str, Any]:
    def listed(changes: tuple[Change, ...]) -> list[dict[str, Any]]:
        return [{"name": each.name, "a": each.a, "b": each.b, "relative": each.relative} for each in changes]

    return {"quantities": listed(found.quantities), "fields": listed(found.fields)}


def _row(change: Change) -> tuple[str, ...]:
    relative = "" if change.relative is None else f"{100 * change.relative:+.3g} %"
    return change.name, _text(change.a), _text(change.b), relative


def _text(value: Any) -> str:
    if value is None:
        return "-"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _print_rows(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

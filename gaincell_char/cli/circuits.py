"""`gaincell circuits`: what can be characterized, and what can be changed about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gaincell_char.cli.common import json_option, print_json

if TYPE_CHECKING:
    from rich.table import Table

    from gaincell_char.circuits.testbench import Circuit


@click.command("circuits", epilog="Example: gaincell circuits gain_cell")
@click.argument("name", required=False)
@click.option("--technology", "devices", metavar="TECHNOLOGY", help="Defaults and bounds in this technology.")
@json_option
def command(name: str | None, devices: str | None, as_json: bool) -> None:
    """List the circuits and the technologies; with NAME, its parameters and testbenches."""
    from gaincell_char.circuits.testbench import circuit, circuits

    if devices and not name:
        raise click.UsageError("--technology changes defaults of a circuit; name the circuit")
    if name is None:
        found = [circuit(each) for each in circuits()]
        if as_json:
            print_json([{"name": each.name, "summary": each.summary} for each in found])
        else:
            _print_list(found)
    elif as_json:
        print_json(_description(_in_technology(circuit(name), devices)))
    else:
        _print_circuit(_in_technology(circuit(name), devices))


def _in_technology(found: Circuit, name: str | None) -> Circuit:
    from gaincell_char.circuits.ported import ported_circuit
    from gaincell_char.technology import technology

    return found if name is None else ported_circuit(found, technology(name))


def _description(circuit: Circuit) -> dict[str, Any]:
    return {
        "name": circuit.name,
        "summary": circuit.summary,
        "netlist": circuit.netlist,
        "schematic": _schematic(circuit),
        "parameters": [
            {
                "name": each.name,
                "unit": each.unit,
                "default": each.default,
                "low": each.low,
                "high": each.high,
                "meaning": each.meaning,
            }
            for each in circuit.parameters
        ],
        "testbenches": [
            {
                "name": f"{bench.circuit}.{bench.name}",
                "summary": bench.summary,
                "axes": [
                    {
                        "name": axis.name,
                        "unit": axis.unit,
                        "default": list(axis.default),
                        "shared": axis.shared,
                        "meaning": axis.meaning,
                    }
                    for axis in bench.axes
                ],
                "columns": dict(bench.columns),
                "numerics": dict(bench.numerics),
            }
            for bench in circuit.testbenches
        ],
    }


def _schematic(circuit: Circuit) -> str | None:
    """Where the circuit's drawing is; a checkout has them, an installed package has not."""
    from gaincell_char.paths import data_folder

    drawing = data_folder("docs") / "schematics" / f"{circuit.name}.svg"
    return str(drawing) if drawing.is_file() else None


def _print_list(found: list[Circuit]) -> None:
    from gaincell_char.technology import technologies

    for circuit in found:
        benches = ", ".join(f"{bench.circuit}.{bench.name}" for bench in circuit.testbenches)
        click.echo(f"{circuit.name}  {circuit.summary}\n  testbenches: {benches}")
    for devices in technologies().values():
        where = devices.installed or f"not installed: {devices.install}"
        click.echo(
            f"\ntechnology {devices.name}  {devices.summary}\n  corners {', '.join(devices.corners)}; {where}", nl=False
        )
    click.echo("\n\nParameters and axes: gaincell circuits NAME")


def _print_circuit(circuit: Circuit) -> None:
    from rich.console import Console

    from gaincell_char.units import format_si

    console = Console(highlight=False)
    console.print(f"{circuit.name}: {circuit.summary} (netlists/{circuit.netlist})")
    if schematic := _schematic(circuit):
        console.print(f"schematic: {schematic}", soft_wrap=True)
    console.print()
    table = _table("parameter", "default", "from", "to", "meaning")
    for each in circuit.parameters:
        table.add_row(each.name, *(format_si(v, each.unit) for v in (each.default, each.low, each.high)), each.meaning)
    console.print(table)
    table = _table("testbench", "axis", "default", "a deck holds", "meaning")
    for bench in circuit.testbenches:
        title = f"{bench.circuit}.{bench.name}"
        for axis in bench.axes:
            values = _values(axis.default, axis.unit)
            table.add_row(title, axis.name, values, "all" if axis.shared else "one", axis.meaning)
            title = ""
        columns = ", ".join(f"{column} ({unit})" for column, unit in bench.columns.items())
        table.add_row("", "measures", columns, "", bench.summary, end_section=True)
    console.print(table)


def _table(*headings: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE)
    for heading in headings:
        table.add_column(heading, no_wrap=heading in ("parameter", "testbench", "axis"))
    return table


def _values(values: tuple[float, ...], unit: str) -> str:
    from gaincell_char.units import format_si

    if len(values) <= 3:
        return ", ".join(format_si(value, unit) for value in values)
    return f"{len(values)} from {format_si(values[0], unit)} to {format_si(values[-1], unit)}"

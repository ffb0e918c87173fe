"""`gaincell run`: the loop, from the netlist to a perplexity."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gaincell_char.cli.common import json_option, message, print_json, progress

if TYPE_CHECKING:
    from gaincell_char.pipeline.run import Outcome


@click.command("run", epilog="Example: gaincell run --set gain_cell.wn=200n --retrim")
@click.option("--set", "sets", multiple=True, metavar="C.P=V", help="Change a design parameter: gain_cell.wn=200n.")
@click.option("--retrim", is_flag=True, help="Also rescale the converters to the changed cell, and report both.")
@click.option("--all-circuits", is_flag=True, help="Also sweep converters, counter and drivers (14 minutes on 2 "
              "cores); otherwise they are the bundled model's.")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("gaincell-out"), show_default=True,
              help="Folder of results; what is there already is not run again.")  # fmt: skip
@click.option("-j", "--workers", type=click.IntRange(1, 256), help="Processes  [default: one a processor]")
@json_option
def command(
    sets: tuple[str, ...], retrim: bool, all_circuits: bool, out: Path, workers: int | None, as_json: bool
) -> None:
    """Sweep the gain cell, fit it, adapt a GPT-2 to it, and measure what the network loses.

    Only stages whose inputs changed are run. Leaves report.html, result.json and cell.json (the behavioral model) in
    the folder of results.
    """
    from gaincell_char.errors import InputError
    from gaincell_char.pipeline.loop import Request, known_parameters
    from gaincell_char.pipeline.run import run
    from gaincell_char.sweep.overrides import parse_overrides, scaled
    from gaincell_char.sweep.run import available_workers

    asked = parse_overrides(sets)
    relative = scaled(asked.factors, known_parameters(all_circuits)) if asked.factors else {}
    request = Request({**asked.parameters, **relative}, retrim, all_circuits)
    if retrim and not request.parameters:
        raise InputError("--retrim: nothing is changed; give --set gain_cell.wn=200n as well")
    with progress("gaincell run", quiet=as_json) as advance:
        outcome = run(request, out, workers or available_workers(), advance)
    for path in outcome.damaged:
        message(f"{path}: damaged, made again")
    if as_json:
        print_json(outcome.result)
    else:
        _show(outcome)


def _show(outcome: Outcome) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    result = outcome.result
    console.print(_configurations(result))
    console.print(_waterfall(result))
    ran = [stage["name"] for stage in result["stages"] if stage["ran"]]
    console.print(f"stages: {len(ran)} run, {len(result['stages']) - len(ran)} found; report {outcome.page}, "
                  f"model {outcome.model}", soft_wrap=True)  # fmt: skip
    console.print(f"\n[bold]{result['sentence']}[/bold]", soft_wrap=True)


def _configurations(result: dict[str, Any]) -> Any:
    from rich.table import Table

    distances = result["text"]["distances"]
    table = Table(title=f"{result['condition']}. {result['text']['description']}", title_justify="left", box=None,
                  padding=(0, 1, 0, 0), pad_edge=False,
                  caption="loss in nats a token with 95 % intervals; recall in % by distance in tokens",
                  caption_justify="left")  # fmt: skip
    table.add_column("configuration", no_wrap=True)
    for heading in ("loss", "over software", *map(str, distances)):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in result["configurations"].values():
        over = "" if row["difference"] is None else _plus_minus(row["difference"], row["interval"])
        recall = (f"{100 * row['recall'][str(d)]:.0f}" for d in distances)
        table.add_row(row["label"], f"{row['loss']:.3f}", over, *recall)
    return table


def _plus_minus(mean: float, interval: list[float] | None) -> str:
    """The intervals are symmetric: `+0.488 ±0.035`."""
    return f"{mean:+.3f}" if interval is None else f"{mean:+.3f} ±{interval[1] - mean:.3f}"


def _waterfall(result: dict[str, Any]) -> Any:
    from rich.table import Table

    table = Table(title="where the loss comes from (nats a token, 95 %)", title_justify="left", box=None)
    for heading in ("step", "loss", "added"):
        table.add_column(heading, justify="left" if heading == "step" else "right", no_wrap=True)
    for step in result["waterfall"]:
        if step["loss"] is None:
            table.add_row(step["label"], "-", "not yet measured")
            continue
        added = "" if step["added"] is None else _plus_minus(step["added"], step["interval"])
        label = step["label"] if step["seed"] is None else f"{step['label']} (one draw, seed {step['seed']})"
        table.add_row(label, f"{step['loss']:.3f}", added)
    whole = result["waterfall_total"]
    table.add_section()
    table.add_row("sum of the steps", "", f"{whole['sum']:+.3f}")
    table.add_row("last against first, paired", "", _plus_minus(whole["added"], whole["interval"]))
    table.caption = f"each step on the same {whole['sequences']} sequences as the one before it, so the sum is exact"
    table.caption_justify = "left"
    return table

"""`gaincell optimize`: which cell spends least for the loss that it may cost."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import click

from gaincell_char.cli.common import Finite, json_option, message, print_json, progress


@click.command("optimize", epilog="Example: gaincell optimize --budget 0.05 --bound gain_cell.storage_F=5f:15f")
@click.option("--budget", type=Finite(0, min_open=True), default=0.05, show_default=True,
              help="Loss over linear hardware that the cell may cost, nats a token.")  # fmt: skip
@click.option("--bound", "bounds", multiple=True, metavar="C.P=LOW:HIGH",
              help="Range of a parameter, or C.P=V to fix it: gain_cell.wn, lrn, wp, lrp, storage_F, "
              "wwl_hold_V (WWLB follows).")  # fmt: skip
@click.option("--converters", type=click.Choice(["frozen", "scaled"]), default="frozen", show_default=True,
              help="Converters of the nominal cell, or as large as the cell's current asks for.")  # fmt: skip
@click.option(
    "--samples", type=click.IntRange(12, 1000), default=32, show_default=True, help="Designs simulated first."
)
@click.option("--points", type=click.IntRange(3, 100), default=10, show_default=True, help="Points of the front.")
@click.option("--rounds", type=click.IntRange(1, 20), default=3, show_default=True,
              help="Fronts simulated at most; each that misses the stated error teaches the next.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the sample and the search.")
@click.option("--quick", is_flag=True, help="A third of the text: wider intervals.")
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("gaincell-out"), show_default=True,
              help="Folder of results; what is there already is not simulated again.")  # fmt: skip
@click.option("-j", "--workers", type=click.IntRange(1, 256), help="Processes  [default: one a processor]")
@json_option
def command(
    budget: float,
    bounds: tuple[str, ...],
    converters: str,
    samples: int,
    points: int,
    rounds: int,
    seed: int,
    quick: bool,
    out: Path,
    workers: int | None,
    as_json: bool,
) -> None:
    """Find the Pareto front of energy against loss over sizes, storage capacitor and hold voltage of the gain cell.

    Designs that fill the bounds are simulated and fitted, the network is adapted to each, a model is laid between them;
    every point of the front on that model is simulated in ngspice again. Leaves optimize.json and optimize.svg in the
    folder of results.
    """
    from gaincell_char.keys import publish
    from gaincell_char.optimize.figure import figure
    from gaincell_char.optimize.result import result
    from gaincell_char.optimize.search import FULL, QUICK, Request, optimize
    from gaincell_char.optimize.space import parse_bounds
    from gaincell_char.report.page import draw
    from gaincell_char.report.svg import standalone
    from gaincell_char.sweep.run import available_workers

    sizes = QUICK if quick else FULL
    request = Request(budget, parse_bounds(bounds), converters == "scaled", samples, points, rounds, seed, sizes)
    with progress("optimize", quiet=as_json) as advance:
        found = optimize(request, out, workers or available_workers(), advance)
    answer = result(request, found)
    publish(out / "optimize.json", json.dumps(answer, indent=1).encode())
    publish(out / "optimize.svg", standalone(draw({"front": partial(figure, answer)})["front"]).encode())
    if as_json:
        print_json(answer)
        return
    _show(answer)
    message(f"wrote {out / 'optimize.json'} and {out / 'optimize.svg'}")


COLUMNS = {"wn": (1e9, "wn nm"), "lrn": (1e6, "lrn um"), "wp": (1e9, "wp nm"), "lrp": (1e6, "lrp um"),
           "storage_F": (1e15, "C fF"), "wwl_hold_V": (1.0, "hold V")}  # fmt: skip
"""Of the table, which fits 80 columns: parameter -> factor and heading."""


def _show(answer: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    model = answer["model"]
    error = f"{100 * model['energy_error_relative']:.2f} % and {model['loss_error_nats']:.3f} nats"
    table = Table(title=f"a token and head, converters {answer['converters']}; nats: loss over linear hardware",
                  title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0), caption_justify="left",
                  caption=f"off: simulated against the model, whose stated error is {error} (the largest of "
                  f"{model['left_out_one_by_one']} designs left out one by one)")  # fmt: skip
    for heading in (*(name for _, name in COLUMNS.values()), "pJ", "off %", "nats", "off", "ok"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in answer["front"]:
        off = row["deviation"]
        told = ("-", "-", row["reason"], "") if off is None else (
            f"{1e12 * row['energy_J']:.0f}", f"{100 * off['energy_relative']:+.2f}", f"{row['added']:+.3f}",
            f"{off['added']:+.3f}")  # fmt: skip
        table.add_row(*_sizes(row), *told, "yes" if row["confirmed"] else "no")
    default = answer["default"]
    if default["added"] is not None:
        table.add_section()
        table.add_row(
            *_sizes(default), f"{1e12 * default['energy_J']:.0f}", "", f"{default['added']:+.3f}", "", "default"
        )
    console.print(table)
    if answer["excluded"]:
        first = answer["excluded"][0]["reason"]
        console.print(f"{len(answer['excluded'])} designs of the sample left out; the first: {first}", soft_wrap=True)
    console.print(f"\n[bold]{answer['sentence']}[/bold]", soft_wrap=True)


def _sizes(row: dict[str, Any]) -> list[str]:
    return [f"{factor * row['parameters'][f'gain_cell.{name}']:.3g}" for name, (factor, _) in COLUMNS.items()]

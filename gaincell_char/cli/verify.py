"""`gaincell verify`: circuits against the model that stands for them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from gaincell_char.cli.common import json_option, message, print_json, progress


@click.group("verify", epilog="Example: gaincell verify head --cases 100 --json")
def command() -> None:
    """Simulate circuits with ngspice and compare them with the behavioral model."""


@command.command(epilog="Example: gaincell verify head --cases 20 --corner ss --temp 85 -j 2 -o verified")
@click.option("--cases", default=100, show_default=True, type=click.IntRange(1, 100_000), help="Random cases.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Of the random cases.")
@click.option("--corner", default="tt", show_default=True, help="Corner of the devices: tt, ff, ss, sf, fs.")
@click.option("--temp", default=27.0, show_default=True, help="Temperature in C.")
@click.option("--supply", default=0.9, show_default=True, help="Supply in V; stored levels follow it.")
@click.option(
    "--columns",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Key columns that are simulated; the other tokens get the pulses that the model predicts.",
)
@click.option("--tokens", default=64, show_default=True, type=click.IntRange(1, 64), help="Cells of the value column.")
@click.option("--rows", default=64, show_default=True, type=click.IntRange(1, 64), help="Cells of a key column.")
@click.option("--all-real", is_flag=True, help="A small head without predicted pulses: 16 tokens, 16 rows, 16 columns.")
@click.option("--model", default="cmos28", show_default=True, help="Behavioral model: a bundled name or a file.")
@click.option("--store", type=click.Path(path_type=Path), help="File of finished cases  [default: in the cache]")
@click.option("-j", "--workers", type=click.IntRange(1, 1024), help="Worker processes  [default: one a processor]")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for head.html (scatter, histogram, waveforms) and head.json.",
)
@json_option
def head(
    cases: int, seed: int, corner: str, temp: float, supply: float, columns: int, tokens: int, rows: int,
    all_real: bool, model: str, store: Path | None, workers: int | None, out: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """One output of a head, transistor by transistor, against NumPy.

    Random queries and stored keys and values; key columns of real cells, their ReLU pulses and those of the other
    tokens into a value column of real cells, the signed converter and the pulse counter. Compared with the model at
    `circuit` and at `paper` fidelity and with a model that outputs 0. Finished cases are kept: a run that was stopped
    goes on where it was.

    Exit status: 0 all limits pass, 1 a limit is missed, 2 usage, 3 a simulation failed, 4 the machine.
    """
    from gaincell_char.behavior import load_model
    from gaincell_char.sweep.run import available_workers
    from gaincell_char.verification.cases import Size
    from gaincell_char.verification.head import Request, condition, default_store, prepare, result, simulate

    size = Size(16, 16, 16) if all_real else Size(tokens, rows, columns)
    request = Request(cases, seed, size, condition(corner, temp, supply))
    prepared = prepare(request, load_model(model))
    with progress("gaincell verify head", quiet=as_json) as advance:
        simulated = simulate(prepared, store or default_store(), workers or available_workers(), advance)
    found = result(prepared, simulated)
    if out is not None:
        from gaincell_char.verification.page import write

        for path in write(prepared, simulated, found, out):
            message(f"wrote {path}")
    if as_json:
        print_json(found)
    else:
        _show(found)
    for failure in found["failures"]:
        message(f"case {failure['case']}: {failure['reason']}; deck {failure['deck']}")
    if found["failures"]:
        sys.exit(3)
    if not found["passed"]:
        sys.exit(1)


def _show(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    where, size = found["condition"], found["size"]
    table = Table(
        title=f"{len(found['cases'])} heads, {where['corner']}, {where['temperature_C']:g} C, {where['vdd_V']:g} V: "
        f"{size['rows']} cells a key column, {size['columns']} of {size['tokens']} real; seed {found['seed']}",
        title_justify="left", box=None, padding=(0, 2, 0, 0), pad_edge=False,
    )  # fmt: skip
    for heading in ("model", "rms", "mean", "max", "codes equal", "off by", "ReLU rms", "max"):
        table.add_column(heading, justify="left" if heading == "model" else "right", no_wrap=True)
    for name, each in found["statistics"].items():
        table.add_row(
            name, f"{each['rms_LSB']:.3f}", f"{each['mean_LSB']:+.3f}", f"{each['max_LSB']:.3f}",
            f"{100 * each['equal']:.1f} %", str(each["code_off"]), f"{each['key_rms_LSB']:.3f}",
            f"{each['key_max_LSB']:.3f}",
        )  # fmt: skip
    console = Console(highlight=False)
    console.print(table)
    console.print("LSB, circuit minus model; ReLU: pulses of the simulated key columns", soft_wrap=True)
    counts = [found["histogram"][str(code)] for code in range(-16, 17)]
    console.print(f"codes -16..16: {' '.join(map(str, counts))}", soft_wrap=True)
    console.print("all limits pass" if found["passed"] else "; ".join(found["missed"]), soft_wrap=True)

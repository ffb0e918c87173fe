"""`gaincell sweep`: run, status, export, point."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gaincell_char.cli import sweep_report
from gaincell_char.cli.common import Finite, json_option, message, print_json, progress

if TYPE_CHECKING:
    from gaincell_char.sweep.dataset import Dataset
    from gaincell_char.sweep.run import Prepared


def _joined(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> str:
    """`--corner tt --corner ss` is `--corner tt,ss`."""
    return ",".join(given)


_SELECTION = (
    click.argument("spec"),
    click.option("--set", "sets", multiple=True, metavar="C.P=V", help="Fix a parameter: gain_cell.wn=200n or =+10%."),
    click.option("--axis", "axes", multiple=True, metavar="NAME=RANGE",
                 help="Sweep an axis or a parameter: start:stop:num, start:stop:num:log, or a,b,c."),
    click.option("--technology", default="", metavar="NAME",
                 help="Other devices (gaincell circuits lists them); the spec's voltages scale with their supply."),
    click.option("--corner", multiple=True, callback=_joined, metavar="LIST", help="Corners: tt,ss."),
    click.option("--temp", multiple=True, callback=_joined, metavar="LIST", help="Temperatures in C: 27,85."),
    click.option("--supply", multiple=True, callback=_joined, metavar="LIST", help="Supplies in V: 0.85,0.9."),
    click.option("--monte-carlo", "samples", type=click.IntRange(1), metavar="N",
                 help="Samples of device mismatch; each is a deck."),
    click.option("--seed", type=click.IntRange(0), help="Seed of --monte-carlo or of the spec's samples."),
    click.option("--sample", type=click.IntRange(0), help="Replay this one sample."),
    click.option("--engine", default="batch", type=click.Choice(["batch", "session"]), show_default=True,
                 help="How ngspice is driven; both give the same numbers."),
    click.option("--store", type=click.Path(path_type=Path), help="File of results  [default: in the cache, by name]"),
)  # fmt: skip


def _selection(function: Callable[..., Any]) -> Callable[..., Any]:
    """The spec, what changes in it, and where results are: the same for every subcommand."""
    for option in reversed(_SELECTION):
        function = option(function)
    return function


@click.group("sweep", epilog="Example: gaincell sweep run gain_cell_iv --corner tt,ss -o iv.parquet")
def command() -> None:
    """Run a characterization; status, export, point.

    SPEC is a YAML file or the name of a bundled sweep. Results are kept deck by deck: a run that was stopped goes on
    where it was.
    """


@command.command(epilog="Example: gaincell sweep run gain_cell_iv --set gain_cell.wn=200n -j 2 -o iv.parquet")
@_selection
@click.option("-j", "--workers", type=click.IntRange(1, 1024), help="Worker processes  [default: one a processor]")
@click.option("--dask", metavar="ADDR", help="Run the decks on this Dask cluster instead: tcp://host:8786.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the dataset: .parquet, .csv or .json.")
@click.option("--only-failed", is_flag=True, help="Try again what failed, and nothing else.")
@click.option(
    "--stop-after",
    type=click.IntRange(1),
    metavar="N",
    help="Start no further deck once N have failed  [default: go on]",
)
@click.option("--timeout", "timeout_s", type=Finite(0, min_open=True), default=1200.0, show_default=True,
              metavar="S", help="Seconds after which a deck has failed.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be simulated, and stop.")
@click.option("--explain", is_flag=True, help="Say for every deck why it is simulated or not.")
@json_option
def run(
    output: Path | None,
    workers: int | None,
    dask: str | None,
    only_failed: bool,
    stop_after: int | None,
    timeout_s: float,
    dry_run: bool,
    explain: bool,
    as_json: bool,
    **selection: Any,
) -> None:
    """Simulate what is missing and judge the limits.

    Exit status: 0 all limits pass, 1 a limit failed, 2 usage, 3 a simulation failed or points are missing, 4 the
    machine (no ngspice, no space, store in use).
    """
    from gaincell_char.sweep.assemble import MISSING
    from gaincell_char.sweep.export import format_of
    from gaincell_char.sweep.limits import judge
    from gaincell_char.sweep.run import available_workers, run_prepared
    from gaincell_char.sweep.survey import survey

    form = format_of(output) if output else ""
    prepared, store = _prepare(**selection)
    if explain or dry_run:
        with progress(prepared.spec.name, quiet=as_json) as advance:
            before = survey(prepared, store, verify=True, progress=advance)
        if dry_run:
            sweep_report.report_states(before, explain, as_json)
            return
        sweep_report.explain_states(before, message)
    with progress(prepared.spec.name, quiet=as_json) as advance:
        dataset = run_prepared(
            prepared,
            store,
            workers or available_workers(),
            progress=advance,
            only_failed=only_failed,
            stop_after=stop_after,
            timeout_s=timeout_s,
            dask=dask,
        )
    verdicts = judge(prepared.spec.limits, dataset, prepared.spec.measures)
    written = _write(output, dataset, form) if output else None
    after = survey(prepared, store)
    if as_json:
        print_json(sweep_report.summary(prepared, dataset, store, written, after.failures(), verdicts))
    else:
        sweep_report.show_run(prepared, dataset, store, written, verdicts)
    sweep_report.show_failed(after)
    left = int((dataset.frame["status"] == MISSING).sum())
    if left:
        message(f"{left} of {len(dataset.frame)} points were not run; without --stop-after and --only-failed they are")
    if any(verdict.result == "fail" for verdict in verdicts):
        sys.exit(1)
    without = dataset.metadata["points_without_result"]
    if without or any(verdict.result == "incomplete" for verdict in verdicts):
        sys.exit(3)


@command.command(epilog="Example: gaincell sweep status gain_cell_iv --corner tt,ss")
@_selection
@json_option
def status(as_json: bool, **selection: Any) -> None:
    """Which decks have a result, which failed and why, which are missing."""
    from gaincell_char.sweep.survey import survey

    prepared, store = _prepare(**selection)
    with progress(prepared.spec.name, quiet=as_json) as advance:
        found = survey(prepared, store, progress=advance)
    sweep_report.report_states(found, False, as_json)
    sweep_report.show_failed(found)


@command.command(epilog="Example: gaincell sweep export gain_cell_iv -o iv.csv")
@_selection
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path, allow_dash=True),
              help="File to write: .parquet, .csv or .json; - for stdout (CSV).")  # fmt: skip
@json_option
def export(output: Path, as_json: bool, **selection: Any) -> None:
    """Write what the store holds as one dataset; exit status 3 where points are missing."""
    from gaincell_char.sweep.export import format_of, write
    from gaincell_char.sweep.run import stored

    to_stdout = str(output) == "-"
    form = "csv" if to_stdout else format_of(output)
    prepared, store = _prepare(**selection)
    dataset = stored(prepared, store)
    if to_stdout:
        write(dataset, form, sys.stdout.buffer)
    else:
        written = _write(output, dataset, form)
        if as_json:
            print_json(written)
    if without := dataset.metadata["points_without_result"]:
        message(f"{without} of {len(dataset.frame)} points have no result; `gaincell sweep run` simulates them")
        sys.exit(3)


@command.command(epilog="Example: gaincell sweep point gain_cell_pulse 3f2a9c11d0b4-0003 -o point")
@_selection
@click.argument("point_id")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder to make.")
@json_option
def point(point_id: str, output: Path, as_json: bool, **selection: Any) -> None:
    """Take one deck out: a folder with the deck, what it includes, log, result and a picture.

    POINT_ID is from the dataset, or the start of a deck's key. In the folder `ngspice deck.cir` runs it. Exit status 3
    where it fails.
    """
    from gaincell_char.sweep.point import take_out

    prepared, _ = _prepare(**selection)
    found = take_out(prepared, point_id, output)
    if as_json:
        picture = str(found.picture) if found.picture else None
        print_json({"folder": str(found.folder), "key": found.key, "condition": found.condition,
                    "result": found.result, "rows": found.rows, "picture": picture})  # fmt: skip
    else:
        for row in found.rows[: sweep_report.SHOWN]:
            click.echo("  ".join(f"{name}={value:.6g}" for name, value in row.items()))
        click.echo(f"{found.condition}: {found.result}; run it: cd {found.folder} && ngspice deck.cir")
    if found.result != "ok":
        sys.exit(3)


def _prepare(
    spec: str,
    sets: tuple[str, ...],
    axes: tuple[str, ...],
    technology: str,
    corner: str,
    temp: str,
    supply: str,
    samples: int | None,
    seed: int | None,
    sample: int | None,
    engine: str,
    store: Path | None,
) -> tuple[Prepared, Path]:
    from gaincell_char.sweep.overrides import parse_overrides
    from gaincell_char.sweep.run import default_store, prepare
    from gaincell_char.sweep.spec import load_spec
    from gaincell_char.sweep.translate import translation

    drawn = _monte_carlo(samples, seed, sample)
    changes = parse_overrides(sets, axes, corner, temp, supply, drawn, technology)
    loaded = load_spec(spec)
    prepared = prepare(loaded, engine=engine, overrides=changes)
    if changed := translation(loaded, prepared.spec.technology):
        message(changed)
    return prepared, store or default_store(prepared.spec)


def _monte_carlo(samples: int | None, seed: int | None, sample: int | None) -> dict[str, int]:
    if sample is not None and samples is not None:
        raise click.UsageError("--sample replays one sample, --monte-carlo draws many; give one of them")
    drawn = {"samples": samples, "seed": seed} if sample is None else {"samples": 1, "first": sample, "seed": seed}
    return {name: value for name, value in drawn.items() if value is not None}


def _write(output: Path, dataset: Dataset, form: str) -> dict[str, str]:
    from gaincell_char import keys
    from gaincell_char.sweep.export import write

    with keys.publishing(output) as stream:
        write(dataset, form, stream)
    return {"path": str(output), "sha256": keys.file_digest(output)}

"""`gaincell check`: sweeps against their limits and their goldens."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gaincell_char.cli.common import Advance, json_option, message, print_json, progress

if TYPE_CHECKING:
    from gaincell_char.sweep.check import Checked, Proposal, RunSweep
    from gaincell_char.sweep.spec import Spec

_COLORS = {"pass": "green", "fail": "bold red", "incomplete": "yellow", "stale": "yellow"}


@click.command("check", epilog="Example: gaincell check --set gain_cell.wn=+10%")
@click.argument("specs", nargs=-1, metavar="[SPEC]...")
@click.option("--set", "sets", multiple=True, metavar="C.P=V",
              help="Hold a changed design against the same limits: gain_cell.wn=200n or =+10%.")  # fmt: skip
@click.option("-j", "--workers", type=click.IntRange(1, 1024), help="Worker processes  [default: one a processor]")
@click.option("--engine", default="batch", type=click.Choice(["batch", "session"]), show_default=True,
              help="How ngspice is driven; both give the same numbers.")  # fmt: skip
@click.option("--store", type=click.Path(path_type=Path, file_okay=False),
              help="Folder of results  [default: in the cache]")  # fmt: skip
@click.option("--golden", "goldens", type=click.Path(path_type=Path, file_okay=False),
              help="Folder of goldens  [default: the bundled ones]")  # fmt: skip
@click.option("--update-golden", is_flag=True, help="Show what changed, then write the goldens anew.")
@click.option("-y", "--yes", is_flag=True, help="Write them without asking.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write JUnit XML for a CI server.")
@json_option
def command(
    specs: tuple[str, ...],
    sets: tuple[str, ...],
    workers: int | None,
    engine: str,
    store: Path | None,
    goldens: Path | None,
    update_golden: bool,
    yes: bool,
    junit: Path | None,
    as_json: bool,
) -> None:
    """Run sweeps and hold them against their limits and their goldens.

    SPEC: YAML files or names of bundled sweeps; all bundled ones where none is given. Exit status: 0 all pass, 1 a
    limit or a golden failed, 2 usage, 3 points are missing or a golden is stale, 4 the machine.
    """
    from gaincell_char.paths import data_folder
    from gaincell_char.sweep.check import check_sweep, known_somewhere, propose_golden, runner, specs_to_check
    from gaincell_char.sweep.overrides import parse_overrides
    from gaincell_char.sweep.run import available_workers, default_store

    if update_golden and (sets or junit):
        raise click.UsageError("--update-golden is of the design as it is; leave --set and --junit out")
    folder = goldens or data_folder("sweeps") / "golden"
    chosen, overrides = specs_to_check(specs), parse_overrides(sets)
    known_somewhere(chosen, overrides)
    place = default_store if store is None else lambda spec: store / f"{spec.name}.sqlite"
    run = partial(runner, place, workers or available_workers())
    if update_golden:
        _update(chosen, partial(propose_golden, goldens=folder, engine=engine), run, yes, as_json)
        return
    judge = partial(check_sweep, overrides=overrides, goldens=folder, engine=engine)
    checked = list(_in_turn(chosen, judge, run, quiet=as_json))
    if junit:
        from gaincell_char import keys
        from gaincell_char.sweep.junit import junit as as_junit

        keys.publish(junit, as_junit(checked))
    if as_json:
        print_json(_document(checked, sets))
    else:
        _show(checked)
    results = {each.result for each in checked}
    sys.exit(1 if "fail" in results else 3 if results & {"incomplete", "stale"} else 0)


def _in_turn(
    specs: list[Spec], judge: Callable[..., Checked], run: Callable[[Advance], RunSweep], *, quiet: bool
) -> Iterator[Checked]:
    """Each sweep with a progress bar of its own, and of several a line each as they end: a check can take hours."""
    for number, spec in enumerate(specs, start=1):
        name = f"{number}/{len(specs)} {spec.name}" if len(specs) > 1 else spec.name
        with progress(name, quiet=quiet) as advance:
            checked = judge(spec, run=run(advance))
        if len(specs) > 1 and not quiet:
            how = f"{checked.result}, {len(checked.lines)} checks" if checked.lines else "not checked"
            message(f"{name}: {how}, {checked.points} points in {checked.seconds:.1f} s")
        yield checked


def _update(
    specs: list[Spec],
    propose: Callable[..., Proposal],
    run: Callable[[Advance], RunSweep],
    yes: bool,
    as_json: bool,
) -> None:
    from gaincell_char.sweep.golden import save_golden

    written = []
    for spec in specs:
        with progress(spec.name, quiet=as_json) as advance:
            proposal = propose(spec, run=run(advance))
        _show_proposal(proposal)
        if not yes and not sys.stdin.isatty():
            raise click.UsageError(
                "--update-golden: nobody to ask on this terminal; look at the changes, then add --yes"
            )
        if yes or click.confirm(f"write {proposal.path}?", err=True):
            save_golden(proposal.golden, proposal.path)
            written.append(str(proposal.path))
    if as_json:
        print_json({"written": written})


def _show_proposal(proposal: Proposal) -> None:
    name, differences = proposal.golden.sweep, proposal.differences
    if differences is None:
        points = len(next(iter(proposal.golden.values.values())))
        message(f"{name}: no golden yet; {points} points of {', '.join(proposal.golden.values)}")
        return
    for each in differences:
        if each.room is None:
            message(f"{name}: {each.column}: {each.reason}")
        else:
            moved = (
                f"moved by {each.room:.3g} of its tolerance at most, {each.golden:.6g} -> {each.value:.6g} {each.unit}"
            )
            message(f"{name}: {each.column}: {moved} at {each.worst}")


def _document(checked: list[Checked], sets: tuple[str, ...]) -> dict[str, Any]:
    sweeps = [
        {
            "sweep": each.sweep,
            "result": each.result if each.lines else "skipped",
            "reason": each.skipped,
            "points": each.points,
            "seconds": round(each.seconds, 3),
            "checks": [
                {"kind": line.kind, "name": line.name, "result": line.result, "unit": line.unit, "min": line.low,
                 "typ": line.typical, "max": line.high, "measured": list(line.measured), "points": line.points,
                 "worst": line.worst, "reason": line.reason} for line in each.lines
            ],
        }
        for each in checked
    ]  # fmt: skip
    return {"changed": list(sets), "sweeps": sweeps}


def _show(checked: list[Checked]) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Column, Table

    console = Console(highlight=False)
    bounds = [Column(name, no_wrap=True, justify="right") for name in ("min", "typ", "max")]
    table = Table(
        Column("check, worst point", min_width=24, overflow="fold"),
        *bounds,
        Column("measured", justify="right"),
        "result",
        box=SIMPLE,
    )
    for each in checked:
        if each.lines:
            table.add_row(f"[bold]{each.sweep}[/]")
        for line in each.lines:
            values = [_written(value, line.unit) for value in (line.low, line.typical, line.high)]
            ends = list(dict.fromkeys(_written(value, line.unit) for value in line.measured))
            worst = f"\n[dim]{textwrap.fill(line.worst, 24, initial_indent='    ', subsequent_indent='    ')}[/]"
            name = f"  {'golden ' if line.kind == 'golden' else ''}{line.name}{worst if line.worst else ''}"
            table.add_row(name, *values, "\n".join(ends), f"[{_COLORS[line.result]}]{line.result}[/]")
    if table.row_count:
        console.print(table)
    for each in checked:
        if each.skipped:
            message(f"{each.sweep}: not checked: {each.skipped}")
        for line in each.lines:
            if line.result != "pass":
                message(f"{each.sweep}: {line.kind} {line.name}: {line.result}: {line.reason}")
    lines = [line for each in checked for line in each.lines]
    counts = {result: sum(line.result == result for line in lines) for result in _COLORS}
    said = ", ".join(f"{count} {result}" for result, count in counts.items() if count) or "nothing checked"
    console.print(f"{sum(bool(each.lines) for each in checked)} sweeps, {len(lines)} checks: {said}", soft_wrap=True)


def _written(value: float | None, unit: str) -> str:
    from gaincell_char.units import format_si

    return "" if value is None else format_si(value, unit)

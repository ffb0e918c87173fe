"""`gaincell study`: a question, measured on many variants."""

from __future__ import annotations

import dataclasses
import json
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gaincell_char.cli.common import Finite, json_option, message, print_json, progress

if TYPE_CHECKING:
    from gaincell_char.studies.inquiry import Answer, Asking, Inquiry
    from gaincell_char.studies.study import Finding, Study


COLUMNS = {
    "cell": "cell",
    "distortion": "distortion",
    "expected": "expected",
    "tau_s": "tau, s",
    "what": "cell is",
    "of": "of",
    "levels": "levels",
}
"""Labels of rows that the table shows, and their headings: it fits 80 columns, the rest is in the JSON."""
TEXT = ("cell", "cell is", "adaptation")
"""Columns of words, beside the first of a table."""
SHOWN_DISTANCES = ("64", "900")


ALL = "all"


@click.command("study", epilog="Example: gaincell study nonlinearity --quick")
@click.argument("name")
@click.option("--quick", is_flag=True, help="A third of the text: wider intervals.")
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("gaincell-out"), show_default=True,
              help="Folder of results; what is there already is not measured again.")  # fmt: skip
@click.option("-j", "--workers", type=click.IntRange(1, 256), help="Processes  [default: one a processor]")
@click.option("--budget", type=Finite(0, min_open=True), metavar="NATS",
              help="requirements: nats a token that a circuit may cost  [default: 0.05]")  # fmt: skip
@click.option("--anew", is_flag=True, help="Measure what is stored with the project, too.")
@json_option
def command(
    name: str, quick: bool, out: Path, workers: int | None, anew: bool, as_json: bool, **options: Any
) -> None:  # fmt: skip
    """Ask the embedded network a question: nonlinearity (which cells can be adapted to), leakage (how long must a cell
    hold), bits (how many levels), ir-drop (which wires, how long), mismatch (how many chips are good), scale (other
    sizes, and what they cost), sensitivity (what the loss hangs on), requirements (the limits that a loss budget sets),
    error-bars (how sure a loss is); or all, one after the other.

    Leaves study-NAME.json and study-NAME.svg in the folder of results.
    """
    from gaincell_char.studies.inquiry import Asking, Inquiry
    from gaincell_char.studies.registry import study
    from gaincell_char.sweep.run import available_workers

    given = {option: value for option, value in options.items() if value is not None}
    asking = Asking(out / "artifacts", workers or available_workers(), quick, None, given, anew)
    if name == ALL:
        if given:
            raise click.UsageError(f"--{next(iter(given))}: the studies are asked with their defaults")
        _all(asking, out, as_json)
        return
    asked = study(name)
    for option in given:
        if not isinstance(asked, Inquiry) or option not in asked.options:
            raise click.UsageError(f"--{option}: study {name} has no such option")
    answer, result = _ask(asked, asking, out, as_json)
    if as_json:
        print_json(result)
        return
    _show(asked.question, answer)
    _tell(result)
    message(f"wrote {out / f'study-{name}.json'} and {out / f'study-{name}.svg'}")


def _ask(asked: Study | Inquiry, asking: Asking, out: Path, quiet: bool) -> tuple[Answer, dict[str, Any]]:
    """The answer, and the result that was written."""
    from gaincell_char.keys import publish
    from gaincell_char.report.page import draw
    from gaincell_char.report.svg import standalone
    from gaincell_char.studies.inquiry import Inquiry
    from gaincell_char.studies.study import run_study

    name = asked.name
    with progress(f"study {name}", quiet=quiet) as advance:
        asking = dataclasses.replace(asking, report=advance)
        answer = asked.ask(asking) if isinstance(asked, Inquiry) else _answer(asked, run_study(asked, asking))
    result = {"study": name, "sentence": answer.sentence, **answer.result}
    publish(out / f"study-{name}.json", json.dumps(result, indent=1).encode())
    publish(out / f"study-{name}.svg", standalone(draw({name: answer.figure})[name]).encode())
    return answer, result


def _all(asking: Asking, out: Path, as_json: bool) -> None:
    """Every study, one after the other; one that fails keeps none of the others from being asked."""
    from gaincell_char.errors import GaincellError
    from gaincell_char.keys import publish
    from gaincell_char.studies.registry import NAMES, study

    found, failed = [], {}
    for name in NAMES:
        begun = time.perf_counter()
        try:
            _, result = _ask(study(name), asking, out, as_json)
        except GaincellError as error:
            failed[name] = str(error)
            message(f"study {name}: {error}")
            continue
        source = result.get("source", {})
        found.append({"study": name, "sentence": result["sentence"], **source, "wall_s": time.perf_counter() - begun})
        message(f"study {name}: {found[-1]['wall_s']:.0f} s")
    summary = {"study": ALL, "quick": asking.quick, "studies": found, "failed": failed,
               "wall_s": sum(each["wall_s"] for each in found)}  # fmt: skip
    publish(out / f"study-{ALL}.json", json.dumps(summary, indent=1).encode())
    if as_json:
        print_json(summary)
    else:
        _summarize(summary)
        message(f"wrote {out / f'study-{ALL}.json'}, and the JSON and the SVG of each")
    if failed:
        raise GaincellError(
            f"{len(failed)} of {len(NAMES)} studies failed: {', '.join(failed)}; the others are written"
        )


def _summarize(summary: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, caption=f"{summary['wall_s']:.0f} s in all; stored: with the project",
                  caption_justify="left")  # fmt: skip
    for name in ("study", "measured", "stored", "s", "answer"):
        table.add_column(name, justify="left" if name in ("study", "answer") else "right")
    for each in summary["studies"]:
        counted = ["", ""]
        if "readings" in each:
            counted = [str(each["measured"]), str(each["readings"] - each["measured"])]
        table.add_row(each["study"], *counted, f"{each['wall_s']:.0f}", each["sentence"])
    Console(highlight=False).print(table)


def _tell(result: dict[str, Any]) -> None:
    """Where the numbers are from, and why stored ones do not apply."""
    from gaincell_char.studies.stored import made_with

    if "source" not in result:
        return
    measured, total = result["source"]["measured"], result["source"]["readings"]
    if measured < total:
        message(f"{total - measured} of {total} readings are stored with the project; --anew measures them again")
        return
    here, there = result["made_with"], made_with(result["study"])
    other = [f"{name}: {there[name]}, here {here[name]}" for name in here if there and there[name] != here[name]]
    if there:
        message(f"stored readings do not apply, they are of other {'; '.join(other) or 'models or settings'}")


def _answer(asked: Study, finding: Finding) -> Answer:
    from gaincell_char.studies.figure import figure
    from gaincell_char.studies.inquiry import Answer

    labels = [name for name in finding.rows[0].labels if name in COLUMNS]
    distances = [distance for distance in SHOWN_DISTANCES if distance in finding.rows[0].recall]
    rows = []
    for row in finding.rows:
        added = f"{row.added:+.3f}" + ("" if row.interval is None else f" ±{row.interval[1] - row.added:.3f}")
        cells = [_cell(row.labels[name]) for name in labels]
        rows.append([*cells, row.adaptation, added, *(f"{100 * row.recall[distance]:.0f}" for distance in distances)])
    return Answer(
        result={
            "numbers": dict(finding.numbers),
            "rows": [dataclasses.asdict(row) for row in finding.rows],
            **finding.measured.record,
        },
        columns=[COLUMNS.get(name, name) for name in (*labels, "adaptation", "added", *distances)],
        rows=rows,
        caption="added: nats a token over linear hardware, 95 % interval; recall in % by distance in tokens",
        sentence=finding.sentence,
        figure=partial(figure, asked, finding),
    )


def _show(question: str, answer: Answer) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    table = Table(title=question.strip(), title_justify="left", box=None, pad_edge=False, caption=answer.caption,
                  caption_justify="left")  # fmt: skip
    for place, name in enumerate(answer.columns):
        text = place == 0 or name in TEXT
        table.add_column(name, justify="left" if text else "right", no_wrap=True)
    for row in answer.rows:
        table.add_row(*row)
    console.print(table)
    console.print(f"\n[bold]{answer.sentence}[/bold]", soft_wrap=True)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)

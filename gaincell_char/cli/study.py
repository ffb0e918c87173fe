"""`gaincell study`: a question, measured on many variants."""

from __future__ import annotations

import dataclasses
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gaincell_char.cli.common import json_option, message, print_json, progress

if TYPE_CHECKING:
    from gaincell_char.studies.inquiry import Answer
    from gaincell_char.studies.study import Finding, Study


COLUMNS = {"cell": "cell", "distortion": "distortion", "expected": "expected", "tau_s": "tau, s", "what": "cell is"}
"""Labels of rows that the table shows, and their headings: it fits 80 columns, the rest is in the JSON."""
TEXT = ("cell", "cell is", "adaptation")
"""Columns of words, beside the first of a table."""
SHOWN_DISTANCES = ("64", "900")


@click.command("study", epilog="Example: gaincell study nonlinearity --quick")
@click.argument("name")
@click.option("--quick", is_flag=True, help="A third of the text: wider intervals.")
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("gaincell-out"), show_default=True,
              help="Folder of results; what is there already is not measured again.")  # fmt: skip
@click.option("-j", "--workers", type=click.IntRange(1, 256), help="Processes  [default: one a processor]")
@click.option("--budget", type=click.FloatRange(min=0, min_open=True), metavar="NATS",
              help="requirements: nats a token that a circuit may cost  [default: 0.05]")  # fmt: skip
@json_option
def command(name: str, quick: bool, out: Path, workers: int | None, as_json: bool, **options: Any) -> None:
    """Ask the embedded network a question: nonlinearity (which cells can be adapted to), leakage (how long must a cell
    hold).

    Leaves study-NAME.json and study-NAME.svg in the folder of results.
    """
    from gaincell_char.keys import publish
    from gaincell_char.report.page import draw
    from gaincell_char.report.svg import standalone
    from gaincell_char.studies.inquiry import Asking, Inquiry
    from gaincell_char.studies.registry import study
    from gaincell_char.studies.study import run_study
    from gaincell_char.sweep.run import available_workers

    asked = study(name)
    given = {option: value for option, value in options.items() if value is not None}
    for option in given:
        if not isinstance(asked, Inquiry) or option not in asked.options:
            raise click.UsageError(f"--{option}: study {name} has no such option")
    folder, workers = out / "artifacts", workers or available_workers()
    with progress(f"study {name}", quiet=as_json) as advance:
        if isinstance(asked, Inquiry):
            answer = asked.ask(Asking(folder, workers, quick, advance, given))
        else:
            answer = _answer(asked, run_study(asked, folder, workers, quick=quick, report=advance))
    result = {"study": name, "sentence": answer.sentence, **answer.result}
    publish(out / f"study-{name}.json", json.dumps(result, indent=1).encode())
    publish(out / f"study-{name}.svg", standalone(draw({name: answer.figure})[name]).encode())
    if as_json:
        print_json(result)
        return
    _show(asked.question, answer)
    message(f"wrote {out / f'study-{name}.json'} and {out / f'study-{name}.svg'}")


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
        result={"numbers": dict(finding.numbers), "rows": [dataclasses.asdict(row) for row in finding.rows]},
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

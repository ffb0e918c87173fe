"""What the commands share: `--json`, data on stdout, messages and progress on stderr."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class Finite(click.FloatRange):
    """A number within bounds, if there are any; not NaN, which lies within all of click's, and not infinite."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


def json_option(function: Decorated) -> Decorated:
    """Add `--json` (parameter `as_json`)."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")(function)


def print_json(value: Any) -> None:
    """`value` on stdout; numbers that are not finite are refused."""
    click.echo(json.dumps(value, indent=2, allow_nan=False))


def message(text: str) -> None:
    """One line on stderr."""
    click.echo(text, err=True)


Advance = Callable[[int, int, str], None]


@contextmanager
def progress(description: str, *, quiet: bool = False) -> Iterator[Advance]:
    """A progress bar on stderr with rate and time left; yields `advance(done, total, note)`.

    Silent where stderr is no terminal, and with `quiet`.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[note]}"),
               TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task(description, total=None, note="")

        def advance(done: int, total: int, note: str = "") -> None:
            bar.update(task, completed=done, total=total, note=note)

        yield advance

"""A study that is no list of variants: it measures as it sees fit, and brings its own table and picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gaincell_char.pipeline.stages import Report


@dataclass(frozen=True)
class Asking:
    """How a study is run.

    Attributes
    ----------
    folder: of products that are kept by key.
    options: what the user set of `Inquiry.options`.
    anew: leave readings aside that are stored with the project (`studies.stored`).
    """

    folder: Path
    workers: int
    quick: bool = False
    report: Report | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    anew: bool = False


@dataclass(frozen=True)
class Answer:
    """What a study found.

    Attributes
    ----------
    result: everything, JSON.
    columns, rows, caption: the table that the terminal shows; it fits 80 columns. The first column is text.
    figure: draws the SVG (`report.svg.to_svg`).
    """

    result: Mapping[str, Any]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str
    sentence: str
    figure: Callable[[], str]


@dataclass(frozen=True)
class Inquiry:
    """`options`: names of the command line's options that the study takes."""

    name: str
    question: str
    ask: Callable[[Asking], Answer]
    options: tuple[str, ...] = ()

"""An explanation in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gaincell_char.explain.colors import on_dark, strength
from gaincell_char.explain.explanation import Explanation

if TYPE_CHECKING:
    from rich.console import RenderableType

_WORST = 8


def rendered(found: Explanation) -> list[RenderableType]:
    """The colored text, the tokens that lose most, and the table of layers and heads."""
    parts: list[RenderableType] = [_text(found), "", _summary(found), "", _worst(found)]
    if found.heads is not None and found.layers is not None:
        parts += ["", _heads(found.heads, found.layers)]
    return parts


def _summary(found: Explanation) -> str:
    ideal, circuit = found.ideal.mean(), found.circuit.mean()
    return f"{found.ideal.size} tokens: ideal {ideal:.4f} nats, circuit {circuit:.4f}, added {circuit - ideal:+.4f}"


def _text(found: Explanation) -> RenderableType:
    from rich.text import Text

    full = strength(found.added)
    text = Text(found.pieces[0])
    for piece, added in zip(found.pieces[1:], found.added, strict=True):
        text.append(piece, f"white on {on_dark(float(added), full)}")
    return text


def _worst(found: Explanation) -> RenderableType:
    from rich.table import Table

    table = Table(title="Tokens that lose most, nats", title_justify="left", box=None)
    for column in ("token", "ideal", "circuit", "added"):
        table.add_column(column, justify="left" if column == "token" else "right")
    for i in np.argsort(-found.added)[:_WORST]:
        numbers = (found.ideal[i], found.circuit[i], found.added[i])
        table.add_row(repr(found.pieces[i + 1]), *(f"{number:+.3f}" for number in numbers))
    return table


def _heads(heads: np.ndarray, layers: np.ndarray) -> RenderableType:
    from rich.table import Table

    table = Table(
        title="Added where only this head, or layer, is the circuit: 0.001 nats a token", title_justify="left", box=None
    )
    table.add_column("layer", justify="right")
    for head in range(heads.shape[1]):
        table.add_column(f"head {head}", justify="right")
    table.add_column("all", justify="right")
    full = strength(np.concatenate([heads.ravel(), layers]))
    for number, (row, layer) in enumerate(zip(heads, layers, strict=True)):
        cells = [f"[white on {on_dark(float(x), full)}]{1000 * x:+.2f}[/]" for x in (*row, layer)]
        table.add_row(str(number), *cells)
    return table

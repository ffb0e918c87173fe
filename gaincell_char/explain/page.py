"""An explanation as one HTML file without any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gaincell_char.explain.colors import mixed, strength
from gaincell_char.explain.explanation import Explanation


def html(found: Explanation, about: dict[str, Any]) -> str:
    """The page; `about` says which weights and circuit."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    full = strength(found.added)
    tokens = [
        {"text": piece, "ideal": ideal, "circuit": circuit, "added": added, "color": _css(added, full)}
        for piece, ideal, circuit, added in zip(found.pieces[1:], found.ideal, found.circuit, found.added, strict=True)
    ]
    rows = []
    if found.heads is not None and found.layers is not None:
        full_head = strength(np.concatenate([found.heads.ravel(), found.layers]))
        rows = [
            [{"added": 1000 * x, "color": _css(x, full_head)} for x in (*heads, layer)]
            for heads, layer in zip(found.heads, found.layers, strict=True)
        ]
    return environment.get_template("page.html.j2").render(
        about={name: value for name, value in about.items() if value is not None},
        first=found.pieces[0],
        tokens=tokens,
        rows=rows,
        full=full,
        ideal=found.ideal.mean(),
        circuit=found.circuit.mean(),
    )


def _css(value: float, full: float) -> str:
    color, share = mixed(float(value), full)
    return "rgb({} {} {} / {:.2f})".format(*color, share)

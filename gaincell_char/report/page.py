"""The report: one HTML file without any other, from the products of the loop."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gaincell_char.report.svg import styled, theme


def render(result: Mapping[str, Any], figures: Mapping[str, str]) -> str:
    """The page. `result` is what `gaincell run --json` prints; `figures` maps a figure's name to its SVG."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["si"] = _si
    return environment.get_template("page.html.j2").render(result=result, figures=figures, theme=theme())


def draw(builders: Mapping[str, Any]) -> dict[str, str]:
    """Call each figure's builder (no arguments) in the look of the report."""
    with styled():
        return {name: build() for name, build in builders.items()}


def _si(value: float, unit: str = "") -> str:
    from gaincell_char.units import format_si

    return format_si(value, unit, 3)

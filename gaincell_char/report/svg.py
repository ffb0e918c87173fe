"""Figures as inline SVG with one look: the page has no other file, and equal data give equal bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, MUTED, GRID, PAPER = "#1d2530", "#68727f", "#e3e7ec", "#fffffe"
# color-blind safe, ordered: the circuit is always the first, software the last
CIRCUIT, PUBLISHED, LINEAR, SOFTWARE, BAD, RETRIMMED = (
    "#0b6e99", "#d1701f", "#3c8d40", "#68727e", "#b3261e", "#7b4fa3")  # fmt: skip
_LOWEST, _MIDDLE, _HIGHEST = (0x1B, 0x6F, 0xB5), (0x8B, 0x94, 0xA0), (0xC9, 0x68, 0x1B)

DARK = {
    INK: "#e6eaf0", MUTED: "#97a3b1", GRID: "#2a323d", PAPER: "#12161c",
    CIRCUIT: "#4fb0dc", PUBLISHED: "#f0954a", LINEAR: "#6cc070", SOFTWARE: "#98a2b0", BAD: "#ef6a60",
    RETRIMMED: "#b58ae0",
}  # fmt: skip
"""What each color becomes on a dark screen."""

STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "gaincell",
    "font.family": ["Inter", "Helvetica", "Arial", "DejaVu Sans", "sans-serif"],
    "font.size": 9.5,
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GRID,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "text.color": INK,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "savefig.transparent": True,
}


def theme() -> str:
    """CSS that makes the figures' colors those of the reader's screen, light or dark."""
    light = "".join(f"{_variable(color)}:{color};" for color in DARK)
    dark = "".join(f"{_variable(color)}:{of_dark};" for color, of_dark in DARK.items())
    return f":root{{color-scheme:light dark;{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}"


def level_color(index: int, count: int) -> str:
    """The color of a stored level: blue below the middle of the range, orange above, legible on light and dark."""
    at = 2 * index / max(count - 1, 1) - 1
    end = _LOWEST if at < 0 else _HIGHEST
    mixed = (round(m + (e - m) * abs(at)) for m, e in zip(_MIDDLE, end, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


@contextmanager
def styled() -> Iterator[None]:
    """The look of the report, for the figures made inside. Draws without a screen."""
    import logging

    import matplotlib

    matplotlib.use("Agg")
    # text stays text in the SVG: a font that only the reader has is no fault here
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        yield


def to_svg(figure: Figure) -> str:
    """The figure as an `<svg>` element as wide as the page and in its colors (`theme`); the figure is closed."""
    import matplotlib.pyplot as plt

    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(
        r'<svg ([^>]*?)width="[^"]*"', r'<svg \1width="100%"', re.sub(r' height="[\d.]+pt"', "", text, count=1), count=1
    )
    return re.sub("|".join(DARK), lambda match: f"var({_variable(match[0])},{match[0]})", text)


def standalone(svg: str) -> str:
    """A figure of `to_svg` as a file of its own, with paper behind it and a margin."""
    start, margin = svg.index(">") + 1, 10
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg[:start])
    assert found is not None, "a figure of to_svg starts with its viewBox"
    width, height = (float(size) + 2 * margin for size in found.groups())
    head = svg[:start].replace('width="100%"', f'width="{1.35 * width:.0f}" height="{1.35 * height:.0f}"')
    head = head.replace(found[0], f'viewBox="{-margin} {-margin} {width:g} {height:g}"')
    paper = f'<rect x="{-margin}" y="{-margin}" width="{width:g}" height="{height:g}" rx="4" class="paper"/>'
    return f"{head}\n<style>{theme()}.paper{{fill:var({_variable(PAPER)})}}</style>{paper}{svg[start:]}"


def _variable(color: str) -> str:
    return f"--c{color[1:]}"

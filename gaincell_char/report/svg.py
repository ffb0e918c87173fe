"""Figures as inline SVG with one look: the page has no other file, and equal data give equal bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, MUTED, GRID = "#1d2530", "#68727f", "#e3e7ec"
# color-blind safe, ordered: the circuit is always the first, software the last
CIRCUIT, PUBLISHED, LINEAR, SOFTWARE, BAD, RETRIMMED = (
    "#0b6e99", "#d1701f", "#3c8d40", "#68727f", "#b3261e", "#7b4fa3")  # fmt: skip

STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "gaincell",
    "font.family": ["Inter", "Helvetica", "Arial", "DejaVu Sans", "sans-serif"],
    "font.size": 9.5,
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
}


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
    """The figure as an `<svg>` element that scales with the page; the figure is closed."""
    import matplotlib.pyplot as plt

    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    return re.sub(
        r'<svg ([^>]*?)width="[^"]*"', r'<svg \1width="100%"', re.sub(r' height="[\d.]+pt"', "", text, count=1), count=1
    )

"""The picture of a study: what each variant adds to the loss, along the quantity that the study varies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gaincell_char.report.svg import BAD, CIRCUIT, LINEAR, MUTED, PUBLISHED, RETRIMMED, to_svg
from gaincell_char.studies.plan import AS_TRAINED
from gaincell_char.studies.study import Finding, Row, Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = (CIRCUIT, PUBLISHED, LINEAR, RETRIMMED, BAD, "#8a6d00", "#5c5f66", "#c2569b")


def figure(study: Study, finding: Finding) -> str:
    """SVG: a panel for each adaptation, a color for each value of `study.group`, 95 % intervals."""
    import matplotlib.pyplot as plt

    panels: dict[str, list[Row]] = {}
    for row in finding.rows:
        panels.setdefault(row.adaptation if study.group == "family" else "", []).append(row)
    groups = list(dict.fromkeys(row.labels[study.group] for row in finding.rows))
    drawn, axes = plt.subplots(1, len(panels), figsize=(3.6 * len(panels) + 1.4, 3.6), sharey=True, squeeze=False)
    for axis, (title, rows) in zip(axes[0], panels.items(), strict=True):
        for color, group in zip(COLORS, groups, strict=False):
            mine = sorted(
                (row for row in rows if row.labels[study.group] == group), key=lambda row: row.labels[study.x]
            )
            if mine:
                _draw(axis, study, mine, color, str(group), joined=study.group != "family" and len(mine) > 1)
        axis.set_title("scalers as trained" if title == AS_TRAINED else title)
        axis.axhline(0, color=MUTED, linewidth=0.8)
        axis.set_yscale("symlog", linthresh=0.1)
        axis.set_xlabel(AXES.get(study.x, study.x))
        if study.log:
            axis.set_xscale("log")
    axes[0][0].set_ylabel("loss over linear hardware, nats a token")
    axes[0][-1].legend(fontsize=8)
    return to_svg(drawn)


AXES = {
    "distortion": "distortion of a score that is left",
    "tau_s": "time constant of the cell, s",
    "levels": "levels (of all: of a key)",
}


def _draw(axis: Axes, study: Study, rows: list[Row], color: str, label: str, joined: bool) -> None:
    x = [row.labels[study.x] for row in rows]
    y = [row.added for row in rows]
    spread = [
        (0.0, 0.0) if row.interval is None else (row.added - row.interval[0], row.interval[1] - row.added)
        for row in rows
    ]
    axis.errorbar(
        x, y, yerr=[list(side) for side in zip(*spread, strict=True)], color=color, label=label, marker="o",
        markersize=4, linewidth=1.2 if joined else 0, elinewidth=0.8, capsize=2,
    )  # fmt: skip

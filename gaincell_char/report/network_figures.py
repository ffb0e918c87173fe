"""Figures of the language model: the loss waterfall, recall against distance, adaptation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gaincell_char.report.svg import BAD, CIRCUIT, INK, LINEAR, MUTED, PUBLISHED, RETRIMMED, SOFTWARE, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = {
    "software": SOFTWARE,
    "software-control": SOFTWARE,
    "linear": LINEAR,
    "published": PUBLISHED,
    "cell": CIRCUIT,
    "changed": BAD,
    "retrimmed": RETRIMMED,
}


def color(configuration: str) -> str:
    """One color for every form of a configuration: `cell.before` and `cell.paper` are both the circuit's."""
    return COLORS[configuration.split(".")[0]]


def line_style(configuration: str) -> str:
    """Dotted as trained, dashed adapted as published, solid for all else."""
    return {"before": ":", "paper": "--"}.get(configuration.split(".")[-1], "-")


def waterfall(steps: Sequence[Mapping[str, object]]) -> str:
    """The loss from software to circuit, a step a row: where the loss stands, and what the step adds.

    `steps`: `label`, `loss` (nats a token) and `interval` (95 %, of the step's own increment), in order; `loss` None is
    a step whose circuit is not characterized yet.
    """
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(
        1, 2, figsize=(8.6, 0.6 + 0.29 * len(steps)), sharey=True, width_ratios=(1.2, 1)
    )
    previous: float | None = None
    for row, step in enumerate(steps):
        if step["loss"] is None:
            left.text(0.02, row, "not yet measured", color=MUTED, va="center", transform=left.get_yaxis_transform())
            continue
        loss = float(step["loss"])  # type: ignore[arg-type]
        if previous is None:
            left.plot([loss, loss], [row - 0.35, row + 0.35], color=SOFTWARE, linewidth=3, solid_capstyle="butt")
        else:
            _step(left, right, row, previous, loss, step.get("interval"))
        left.annotate(f"{loss:.3f}", (max(loss, previous or loss), row), xytext=(5, 0), textcoords="offset points",
                      va="center", fontsize=8.5)  # fmt: skip
        previous = loss
    left.set_yticks(range(len(steps)), [str(step["label"]) for step in steps])
    left.tick_params(axis="y", labelcolor=INK, length=0)
    left.set_ylim(len(steps) - 0.4, -0.6)
    start, end = left.get_xlim()
    left.set_xlim(start - 0.02 * (end - start), end + 0.16 * (end - start))
    left.set(xlabel="loss, nats a token", title="Where the loss stands")
    right.axvline(0, color=MUTED, linewidth=0.8)
    right.tick_params(axis="y", length=0)
    right.margins(x=0.08)
    right.set_xscale("symlog", linthresh=1e-2, linscale=1.5)
    right.set_xticks([-1e-2, -5e-3, 0, 5e-3, 1e-2, 1e-1], ["-0.01", "", "0", "", "0.01", "0.1"])
    right.set(xlabel="nats a token, 95 % interval", title="What each step adds")
    for axis in (left, right):
        axis.grid(axis="y", visible=False)
    return to_svg(figure)


def _step(left: Axes, right: Axes, row: int, previous: float, loss: float, interval: object) -> None:
    """One increment: its bar between the losses, and its value with interval."""
    rise = loss - previous
    shade = BAD if rise > 0 else LINEAR
    left.barh(row, rise, left=previous, height=0.6, color=shade)
    left.plot([previous, previous], [row - 0.7, row + 0.3], color=MUTED, linewidth=0.8)
    low, high = interval if isinstance(interval, list | tuple) else (rise, rise)
    if low < 0 < high:
        shade = MUTED
    right.plot([rise], [row], "o", color=shade, markersize=5)
    right.plot([low, high], [row, row], color=shade, linewidth=1.6, solid_capstyle="butt")
    right.text(1.02, row, f"{rise:+.3f} ±{(high - low) / 2:.3f}", va="center", fontsize=8.5,
               transform=right.get_yaxis_transform())  # fmt: skip


def recall(curves: Mapping[str, Mapping[str, float]], labels: Mapping[str, str]) -> str:
    """Accuracy of recall against the distance in tokens; `curves`: configuration -> {distance: accuracy}."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(8.6, 3.4))
    markers = iter("osD^vP*X<>hd")
    for name, points in curves.items():
        distances = sorted(points, key=float)
        x, y = [float(d) for d in distances], [100 * points[d] for d in distances]
        axis.plot(x, y, line_style(name), marker=next(markers), markersize=4.5, color=color(name), label=labels[name])
    axis.set_xscale("log", base=2)
    ticks = sorted({float(d) for points in curves.values() for d in points})
    axis.set_xticks(ticks, [f"{d:g}" for d in ticks])
    axis.minorticks_off()
    worst = 100 * min(value for points in curves.values() for value in points.values())
    axis.set_ylim(-4 if worst < 60 else 10 * ((worst - 3) // 10), 104 if worst < 60 else 101)
    axis.set_xlabel("distance between assignment and question, tokens")
    axis.set_ylabel("recall, %")
    axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8.5)
    return to_svg(figure)


def adaptation(curves: Mapping[str, Sequence[float]], reference: float, labels: Mapping[str, str]) -> str:
    """Loss on the calibration batch after each pass; `reference` is the linear hardware model's."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    figure, axis = plt.subplots(figsize=(8.6, 3.2))
    for name, losses in curves.items():
        axis.plot(range(len(losses)), losses, line_style(name), marker="o", markersize=3, color=color(name),
                  label=labels[name])  # fmt: skip
    axis.axhline(reference, color=LINEAR, linewidth=1.2, linestyle=":", label="linear hardware model")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_xlabel("passes over the calibration batch")
    axis.set_ylabel("loss, nats a token")
    axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8.5)
    return to_svg(figure)

"""Figures of the language model: the loss waterfall, recall against distance, adaptation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gaincell_char.report.svg import BAD, CIRCUIT, LINEAR, MUTED, PUBLISHED, RETRIMMED, SOFTWARE, to_svg

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


def waterfall(steps: Sequence[Mapping[str, object]]) -> str:
    """The loss from software to circuit, a step at a time.

    `steps`: `label`, `loss` (nats a token) and `interval` (95 %, of the step's own increment), in order; `loss` None is
    a step whose circuit is not characterized yet.
    """
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(8.6, 3.6))
    known = [float(s["loss"]) for s in steps if s["loss"] is not None]  # type: ignore[arg-type]
    low, high = min(known), max(known)
    span = max(high - low, 1e-3)
    previous = known[0]
    for x, step in enumerate(steps):
        if step["loss"] is None:
            axis.text(x, low + 0.03 * span, "not yet\nmeasured", ha="center", va="bottom", color=MUTED, fontsize=8)
            continue
        loss = float(step["loss"])  # type: ignore[arg-type]
        if x == 0:
            axis.plot([x - 0.35, x + 0.35], [loss, loss], color=SOFTWARE, linewidth=3, solid_capstyle="butt")
            axis.annotate(f"{loss:.3f}", (x, loss), xytext=(0, 6), textcoords="offset points", ha="center")
        else:
            rise = loss - previous
            axis.bar(x, rise, bottom=previous, width=0.6, color=BAD if rise > 0 else LINEAR, alpha=0.85)
            interval = step.get("interval")
            top = max(loss, previous)
            if isinstance(interval, list | tuple):
                center = previous + rise
                top = max(top, previous + interval[1])
                axis.errorbar(
                    x, center, yerr=[[rise - interval[0]], [interval[1] - rise]], color=MUTED, capsize=3, linewidth=1
                )
            axis.annotate(f"{rise:+.3f}", (x, top), xytext=(0, 5), textcoords="offset points", ha="center")
            axis.plot([x - 1 + 0.3, x + 0.3], [previous, previous], color=MUTED, linewidth=0.8)
        previous = loss
    axis.set_xticks(range(len(steps)), [_two_lines(str(s["label"])) for s in steps], fontsize=8.5)
    axis.set_ylim(low - 0.12 * span, high + 0.25 * span)
    axis.set_ylabel("loss, nats a token")
    axis.grid(axis="x", visible=False)
    return to_svg(figure)


def _two_lines(label: str) -> str:
    return label.replace(" ", "\n", 1) if len(label) > 9 else label


def recall(curves: Mapping[str, Mapping[str, float]], labels: Mapping[str, str]) -> str:
    """Accuracy of recall against the distance in tokens; `curves`: configuration -> {distance: accuracy}."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(8.6, 3.4))
    markers = iter("osD^vP*X<>hd")
    for name, points in curves.items():
        distances = sorted(points, key=float)
        line = {"linestyle": "--", "alpha": 0.6} if name.endswith("before") else {"linestyle": "-"}
        x, y = [float(d) for d in distances], [100 * points[d] for d in distances]
        axis.plot(x, y, marker=next(markers), markersize=4.5, color=color(name), label=labels[name], **line)
    axis.set_xscale("log", base=2)
    ticks = sorted({float(d) for points in curves.values() for d in points})
    axis.set_xticks(ticks, [f"{d:g}" for d in ticks])
    axis.minorticks_off()
    axis.set_ylim(-4, 104)
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
        style = "-" if "offset" not in name else "-."
        axis.plot(range(len(losses)), losses, style, marker="o", markersize=3, color=color(name), label=labels[name])
    axis.axhline(reference, color=LINEAR, linewidth=1.2, linestyle=":", label="linear hardware model")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_xlabel("passes over the calibration batch")
    axis.set_ylabel("loss, nats a token")
    axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8.5)
    return to_svg(figure)

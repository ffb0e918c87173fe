"""The limits that a loss budget sets: what was found and verified, as a table and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gaincell_char.report.svg import BAD, CIRCUIT, LINEAR, MUTED, PUBLISHED, RETRIMMED, SOFTWARE, to_svg
from gaincell_char.studies.parameters import amount

COLORS = (CIRCUIT, PUBLISHED, LINEAR, RETRIMMED, BAD, SOFTWARE)


@dataclass(frozen=True)
class Found:
    """A requirement's limit and how it was verified; losses in nats a token over the nominal circuit, same text.

    Attributes
    ----------
    limit, past: the last value that holds, and the one 10 % past it; None: no value within reach breaks the budget, and
        `reached` is the farthest that was simulated.
    added, past_added: what they cost, with paired 95 % intervals.
    growth: what the 10 % cost, with its paired 95 % interval.
    holds, breaks: whether the limit costs no more than the budget, and 10 % past it more.
    asked: every value that was simulated on the whole text, and what it cost.
    caution: where the limit is beyond what the model was measured for.
    """

    name: str
    note: str
    unit: str
    nominal: float
    limit: float | None
    reached: float
    past: float | None = None
    added: float | None = None
    added_interval: tuple[float, float] | None = None
    past_added: float | None = None
    past_interval: tuple[float, float] | None = None
    growth: float | None = None
    growth_interval: tuple[float, float] | None = None
    holds: bool = False
    breaks: bool = False
    asked: Sequence[tuple[float, float]] = field(default_factory=list)
    caution: str = ""


def cells(each: Found) -> list[str]:
    """A line of the table."""
    if each.limit is None:
        return [each.name, amount(each.nominal, each.unit), f"none to {amount(each.reached, each.unit)}", "", ""]
    return [each.name, amount(each.nominal, each.unit), amount(each.limit, each.unit),
            _plus_minus(each.added, each.added_interval), _plus_minus(each.past_added, each.past_interval)]  # fmt: skip


def _plus_minus(mean: float | None, interval: tuple[float, float] | None) -> str:
    if mean is None:
        return ""
    return f"{mean:+.4f}" if interval is None else f"{mean:+.4f} ±{interval[1] - mean:.4f}"


def picture(found: Sequence[Found], budget: float) -> str:
    """SVG: what each parameter costs around its limit, and the budget."""
    import matplotlib.pyplot as plt

    drawn, axis = plt.subplots(figsize=(7.2, 4.2))
    styles = ("-", "--", ":")
    for number, each in enumerate(one for one in found if one.limit is not None):
        assert each.limit is not None
        past = max((value / each.limit for value, _ in each.asked), default=1.0)
        grows = past > 1 and each.past is not None and abs(each.past) > abs(each.limit)
        points = sorted((value / each.limit if grows else each.limit / value, cost) for value, cost in each.asked)
        label = f"{each.name}, {amount(each.limit, each.unit)}"
        axis.plot(*zip(*points, strict=True), color=COLORS[number % len(COLORS)], marker="o", markersize=3,
                  linestyle=styles[number // len(COLORS) % len(styles)], linewidth=1, label=label)  # fmt: skip
    axis.axhline(budget, color=MUTED, linewidth=0.8)
    for at in (1.0, 1.1):
        axis.axvline(at, color=MUTED, linewidth=0.8, linestyle=":")
    axis.set_xscale("log")
    axis.minorticks_off()
    axis.set_xticks((0.5, 0.7, 1.0, 1.4, 2.0), ("0.5", "0.7", "1", "1.4", "2"))
    axis.set_xlabel("times its limit (1 over, where less is worse); dotted: 10 % past it")
    axis.set_ylabel("loss over the nominal circuit, nats a token")
    axis.legend(fontsize=7.5, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return to_svg(drawn)

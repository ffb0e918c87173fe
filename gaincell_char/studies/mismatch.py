"""How many chips are good, where no two cells and no two converters are alike?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gaincell_char.behavior import BehavioralModel, load_model
from gaincell_char.behavior.functions import PiecewisePolynomial
from gaincell_char.behavior.schema import Converter
from gaincell_char.evaluation.interval import share_interval
from gaincell_char.studies.inquiry import Answer, Asking, Inquiry
from gaincell_char.studies.plan import Variant
from gaincell_char.studies.study import Measured, measure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELL = "cmos28"
EXACT = f"{CELL}, offset-aware"
AS_MEASURED = "as measured"
GROUPS: Mapping[str, tuple[float, float]] = {
    AS_MEASURED: (1, 1),
    "cells alone": (1, 0),
    "converters alone": (0, 1),
    "half": (0.5, 0.5),
    "twice": (2, 2),
    "four times": (4, 4),
}
"""What the deviations of cells and of converters are multiplied with."""
CHIPS, OTHERS = 200, 24
"""Of `AS_MEASURED`, and of each other group; a quick study has a quarter of them."""
LIMITS = (0.005, 0.01, 0.02, 0.05)
"""Loss over a chip without mismatch, nats a token."""
LIMIT = 0.02
"""The one that the answer names."""


def variants(quick: bool = False) -> list[Variant]:
    """A network on cells without mismatch, and the virtual chips of every group; a chip's number is its seed."""
    model = load_model(CELL)
    found = [Variant(EXACT, {"group": "without", "chip": None}, model, "offset-aware")]
    for group, (cells, converters) in GROUPS.items():
        chips = (CHIPS if group == AS_MEASURED else OTHERS) // (4 if quick else 1)
        spread = scaled(model, cells, converters)
        for chip in range(chips):
            found.append(
                Variant(
                    f"{group}, chip {chip}",
                    {"group": group, "chip": chip},
                    spread,
                    "offset-aware",
                    against=EXACT,
                    effects=("mismatch",),
                    seed=chip,
                    scalers_of=EXACT,
                    recall=False,
                )
            )
    return found


def scaled(model: BehavioralModel, cells: float, converters: float) -> BehavioralModel:
    """`model` with all deviations from cell to cell, and from converter to converter, that many times as large."""
    spread = model.cell.mismatch
    assert spread is not None
    curve = spread.current_sigma_A
    coefficients = [[cells * value for value in interval] for interval in curve.coefficients]
    sigma = PiecewisePolynomial(**{**curve.model_dump(), "coefficients": coefficients})
    cell = model.cell.model_copy(update={"mismatch": spread.model_copy(update={"current_sigma_A": sigma})})
    return model.model_copy(
        update={
            "name": f"{model.name}-mismatch-{cells:g}-{converters:g}",
            "cell": cell,
            "charge_to_pulse": _scaled(model.charge_to_pulse, converters),
            "signed_charge_to_pulse": _scaled(model.signed_charge_to_pulse, converters),
        }
    )


def _scaled(converter: Converter, factor: float) -> Converter:
    spread = converter.mismatch
    assert spread is not None
    names = ("offset_s", "gain", "offset_negative_s", "gain_negative")
    moved = {name: factor * value for name in names if (value := getattr(spread, name)) is not None}
    return converter.model_copy(update={"mismatch": spread.model_copy(update=moved)})


def ask(asking: Asking) -> Answer:
    """Measure the chips, and say how many of each group are within each limit."""
    found = measure("mismatch", variants(asking.quick), asking)
    groups = by_group(found)
    numbers: dict[str, Any] = {
        "linear_hardware_nats": found.linear,
        "sequences": found.sequences,
        "without_mismatch": {"added": found.rows[0].added, "interval": found.rows[0].interval},
        "groups": {name: statistics(added) for name, added in groups.items()},
        "cpu_s_per_chip": float(np.mean(found.cpu_s[1:])),
        "limit": LIMIT,
    }
    return Answer(
        result={"numbers": numbers, "rows": [asdict(row) for row in found.rows], **found.record},
        columns=["mismatch is", "chips", "mean", "sd", "worst", *(f"{limit:g}" for limit in LIMITS)],
        rows=[_line(name, numbers["groups"][name]) for name in groups],
        caption="nats a token over the same circuit without mismatch; % of chips within 0.005, ... nats",
        sentence=conclude(groups, numbers["cpu_s_per_chip"]),
        figure=partial(figure, groups),
    )


def by_group(found: Measured) -> dict[str, list[float]]:
    """Group -> what each chip adds, nats a token."""
    groups: dict[str, list[float]] = {}
    for row in found.rows[1:]:
        groups.setdefault(row.labels["group"], []).append(row.added)
    return groups


def statistics(added: Sequence[float]) -> dict[str, Any]:
    """Of a group's chips; `yield` by limit: the share within it and its 95 % interval (Wilson)."""
    good = {limit: sum(loss <= limit for loss in added) for limit in LIMITS}
    yields = {limit: share_interval(count, len(added)) for limit, count in good.items()}
    return {
        "chips": len(added),
        "mean": float(np.mean(added)),
        "deviation": float(np.std(added, ddof=1)),
        "median": float(np.median(added)),
        "worst": max(added),
        "yield": {f"{limit:g}": {"share": y.mean, "interval": [y.low, y.high]} for limit, y in yields.items()},
    }


def conclude(groups: Mapping[str, Sequence[float]], cpu_s: float) -> str:
    """The answer in one sentence."""
    of = {name: statistics(added) for name, added in groups.items()}
    nominal = of[AS_MEASURED]
    share = nominal["yield"][f"{LIMIT:g}"]
    low, high = (100 * value for value in share["interval"])
    scaled_groups = [name for name, (cells, converters) in GROUPS.items() if cells == converters != 1]
    then = ", ".join(f"{100 * of[name]['yield'][f'{LIMIT:g}']['share']:.0f} % {name}" for name in scaled_groups)
    return (
        f"Of {nominal['chips']} chips {100 * share['share']:.1f} % ({low:.1f} to {high:.1f}) lose no more than {LIMIT} "
        f"nats to mismatch as measured ({nominal['mean']:+.4f} +- {nominal['deviation']:.4f}, worst "
        f"{nominal['worst']:+.4f}), with deviations scaled {then}; a chip takes {cpu_s:.1f} processor seconds."
    )


def _line(name: str, of: Mapping[str, Any]) -> list[str]:
    yields = [f"{100 * of['yield'][f'{limit:g}']['share']:.0f}" for limit in LIMITS]
    return [name, str(of["chips"]), *(f"{of[key]:+.4f}" for key in ("mean", "deviation", "worst")), *yields]


def figure(groups: Mapping[str, Sequence[float]]) -> str:
    """SVG: the losses of the chips as measured, and the share of each group's chips within a limit, over the limit."""
    import matplotlib.pyplot as plt

    from gaincell_char.report.svg import to_svg

    drawn, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.6))
    _histogram(left, groups[AS_MEASURED])
    _yields(right, groups)
    return to_svg(drawn)


def _histogram(axis: Axes, added: Sequence[float]) -> None:
    from gaincell_char.report.svg import CIRCUIT, MUTED

    axis.hist([1e3 * loss for loss in added], bins=24, color=CIRCUIT)
    axis.axvline(0, color=MUTED, linewidth=0.8)
    axis.set_xlabel("loss over no mismatch, millinats a token")
    axis.set_ylabel("chips")
    axis.set_title(f"{len(added)} chips, {AS_MEASURED}")


def _yields(axis: Axes, groups: Mapping[str, Sequence[float]]) -> None:
    from gaincell_char.studies.figure import COLORS

    for color, (name, added) in zip(COLORS, groups.items(), strict=False):
        losses = np.sort(added)
        good = 100 * np.arange(1, losses.size + 1) / losses.size
        axis.step(np.append(losses, max(losses[-1], LIMITS[-1])), np.append(good, 100), where="post", color=color,
                  label=name, linewidth=1.2)  # fmt: skip
    axis.set_xscale("symlog", linthresh=0.01)
    axis.set_xlabel("limit, nats a token over no mismatch")
    axis.set_ylabel("yield, % of chips")
    axis.set_title("yield")
    axis.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))


STUDY = Inquiry(name="mismatch", question=__doc__, ask=ask)

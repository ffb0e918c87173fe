"""Figures and tables of the circuits around the cell: converters, energy and latency of a token in one head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gaincell_char.behavior.converters import Converter, PulseFigures, Transfer
from gaincell_char.report.cell_figures import condition_text
from gaincell_char.report.svg import CIRCUIT, INK, MUTED, PUBLISHED, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gaincell_char.behavior import BehavioralModel
    from gaincell_char.behavior.energy import Energy, Latency

STEPS = 15.5
"""Counter steps in T_max."""
_PRODUCTS = {
    "key": ("query x keys", CIRCUIT),
    "value": ("phi x values", PUBLISHED),
    "write": ("write of a token", MUTED),
}


def transfers(model: BehavioralModel) -> str:
    """Pulse over charge of both converters at every measured condition; what the nominal ones are off their lines."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(8.6, 3.0), width_ratios=(1, 1.25, 1.1))
    for axis, converter, name, shade in (
        (axes[0], model.charge_to_pulse, "ReLU converter", CIRCUIT),
        (axes[1], model.signed_charge_to_pulse, "Signed converter", PUBLISHED),
    ):
        for transfer in converter.transfers:
            nominal = transfer.condition == model.condition
            charge, pulse = _sampled(transfer)
            look: dict[str, Any] = {"color": MUTED, "linewidth": 0.7}
            if nominal:
                look = {"color": shade, "linewidth": 1.6, "zorder": 3, "label": condition_text(transfer.condition)}
            axis.plot(charge * 1e15, pulse * 1e9, **look)
        axis.plot([], [], color=MUTED, linewidth=0.7, label="all other conditions")
        axis.set(xlabel="charge, fC", ylabel="pulse, ns", title=name)
        axis.legend(fontsize=7.5, loc="lower right")
        _residuals(axes[2], converter, model, name, shade)
    axes[2].set(xlabel="charge, of full scale", ylabel="pulse - its line, counter steps", title="Off the line")
    axes[2].legend(fontsize=8)
    return to_svg(figure)


def _sampled(transfer: Transfer, points: int = 400) -> tuple[Any, Any]:
    charge = np.linspace(transfer.pulse_s.knots[0], transfer.pulse_s.knots[-1], points)
    return charge, transfer.pulse_s(charge)


def _residuals(axis: Axes, converter: Converter, model: BehavioralModel, name: str, shade: str) -> None:
    transfer = converter.transfer(model.condition)
    if transfer is None or converter.full_scale_C is None:
        return
    charge, pulse = _sampled(transfer)
    for figures, sign in ((transfer.positive, 1), (transfer.negative, -1)):
        if figures is not None:
            width = sign * pulse
            line = (
                1 + figures.gain_error
            ) * converter.t_max_s * sign * charge / converter.full_scale_C + figures.offset_s
            used = (width > 0.03 * converter.t_max_s) & (width < figures.clamp_s - 0.02 * converter.t_max_s)
            off = (width - line)[used] / converter.t_max_s * STEPS
            axis.plot(charge[used] / converter.full_scale_C, off, color=shade, label=name if sign > 0 else None)


def energy(section: Energy) -> str:
    """Energy of every part, a bar each, and the sum of each product."""
    import matplotlib.pyplot as plt
    from matplotlib.patches import Patch

    rows = [(part, 1e12 * part.count * part.energy_J) for part in section.parts]
    figure, axis = plt.subplots(figsize=(8.6, 0.7 + 0.25 * len(rows)))
    handles = []
    for product, (title, shade) in _PRODUCTS.items():
        total = sum(value for part, value in rows if part.product == product)
        handles.append(Patch(color=shade, label=f"{title}: {total:.0f} pJ"))
    for row, (part, value) in enumerate(rows):
        calculated = "" if part.evidence == "measured" else ", calculated"
        axis.barh(row, value, color=_PRODUCTS[part.product][1], height=0.65)
        said = f"{value:.0f} ({part.count} x {1e15 * part.energy_J:.3g} fJ a {part.per}{calculated})"
        axis.annotate(said, (value, row), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)
    axis.set_yticks(range(len(rows)), [part.name for part, _ in rows])
    axis.tick_params(axis="y", labelcolor=INK, length=0)
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.margins(x=0.38)
    axis.set(
        xlabel="pJ a token and head",
        title=f"Energy, {section.tiles} tiles a product, {condition_text(section.condition)}",
    )
    axis.grid(visible=False, axis="y")
    axis.legend(handles=handles, fontsize=8, loc="lower right")
    return to_svg(figure)


def latency(section: Latency) -> str:
    """The phases of a conversion on a time axis; what overlaps is a row of its own, without a place in time."""
    import matplotlib.pyplot as plt
    from matplotlib.patches import Patch

    figure, axis = plt.subplots(figsize=(8.6, 0.7 + 0.25 * len(section.phases)))
    start = 0.0
    for row, phase in enumerate(section.phases):
        width = 1e9 * phase.duration_s
        axis.barh(row, width, left=start, color=CIRCUIT if phase.evidence == "measured" else MUTED, height=0.65)
        later = start + width > 0.6e9 * section.total_s
        axis.annotate(f"{width:.2f} ns", (start if later else start + width, row), xytext=(-4 if later else 4, 0),
                      textcoords="offset points", ha="right" if later else "left", va="center", fontsize=8)  # fmt: skip
        start += width
    handles = [Patch(color=CIRCUIT, label="measured"), Patch(color=MUTED, label="planned by the control lines")]
    axis.set_yticks(range(len(section.phases)), [phase.name for phase in section.phases])
    axis.tick_params(axis="y", labelcolor=INK, length=0)
    axis.set_ylim(len(section.phases) - 0.4, -0.6)
    axis.set(xlabel="time, ns", title=f"Latency {1e9 * section.total_s:.1f} ns, {condition_text(section.condition)}")
    axis.grid(visible=False, axis="y")
    axis.legend(handles=handles, fontsize=8, loc="lower left")
    return to_svg(figure)


def converter_rows(model: BehavioralModel) -> list[Mapping[str, object]]:
    """A row for each sign of each converter: figures at the model's condition and the worst over all measured ones."""
    rows = []
    for name, converter in (("ReLU", model.charge_to_pulse), ("signed", model.signed_charge_to_pulse)):
        signs = ("positive",) if converter.full_scale_units == 80 else ("positive", "negative")
        step = converter.t_max_s / STEPS
        for sign in signs:
            every = [figures for each in converter.transfers if (figures := getattr(each, sign)) is not None]
            nominal = converter.transfer(model.condition)
            if nominal is not None:
                label = name if len(signs) == 1 else f"{name}, {sign}"
                rows.append(_row(label, getattr(nominal, sign), every, converter, step, sign))
    return rows


def _row(
    name: str, at: PulseFigures, every: list[PulseFigures], converter: Converter, step_s: float, sign: str
) -> Mapping[str, object]:
    noise, mismatch = converter.noise, converter.mismatch
    spread = None
    if mismatch is not None:
        spread = mismatch.offset_s if sign == "positive" else mismatch.offset_negative_s
    return {
        "name": name,
        "inl": (at.inl_s / step_s, max(each.inl_s for each in every) / step_s),
        "dnl": (at.dnl_s / step_s, max(each.dnl_s for each in every) / step_s),
        "offset": (at.offset_s / step_s, max((each.offset_s for each in every), key=abs) / step_s),
        "gain": (100 * min(each.gain_error for each in every), 100 * max(each.gain_error for each in every)),
        "clamp_s": at.clamp_s,
        "jitter": None if noise is None else noise.jitter_s / step_s,
        "mismatch": None if spread is None else spread / step_s,
        "conditions": len(every),
    }

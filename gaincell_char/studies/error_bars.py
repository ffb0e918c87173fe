"""How sure is a loss? Two intervals: of the text it was measured on, and of the fits that the circuit's model is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np

from gaincell_char.evaluation.interval import mean_interval
from gaincell_char.evaluation.model_error import fit_bounds, prediction_interval, with_fit_errors
from gaincell_char.report.svg import BAD, CIRCUIT, INK, MUTED, to_svg
from gaincell_char.studies.deviations import NOMINAL, bundled_circuit, circuit_effects, deviation, nominal
from gaincell_char.studies.inquiry import Answer, Asking, Inquiry
from gaincell_char.studies.plan import Variant
from gaincell_char.studies.study import REFERENCE, Measured, measure

NAME = "error-bars"
DRAWS, CHECKS = 24, 50
FIRST_CHECK = 1001
"""Seeds of the draws that the interval is of begin with 1, those that check it here."""
FIDELITIES = ("paper", "circuit")


@dataclass(frozen=True)
class Bars:
    """The loss at a fidelity; nats a token.

    Attributes
    ----------
    loss: of the model as it was fitted, with the 95 % interval that the text gives.
    added: over linear hardware on the same text, paired, with its 95 % interval.
    fit: mean loss of `draws` models that the fits' held-out errors allow, and the interval that holds 95 % of all.
    inside, checks: how many of as many other draws are in it.
    spread: standard deviation of those, and `span` from the lowest to the highest.
    """

    fidelity: str
    loss: float
    loss_interval: tuple[float, float] | None
    added: float
    added_interval: tuple[float, float] | None
    fit: float
    fit_interval: tuple[float, float]
    draws: int
    inside: int
    checks: int
    spread: float
    span: float

    @property
    def width(self) -> float:
        """Of the fit's interval."""
        return self.fit_interval[1] - self.fit_interval[0]


def variants() -> list[Variant]:
    """The model at both fidelities, the draws that make the interval, and those that check it."""
    model = bundled_circuit()
    found = []
    for fidelity in FIDELITIES:
        effects = circuit_effects(model) if fidelity == "circuit" else None
        name = _nominal(fidelity)
        found.append(nominal(model, effects, name))
        for seed in (*range(1, DRAWS + 1), *range(FIRST_CHECK, FIRST_CHECK + CHECKS)):
            found.append(deviation(_draw(fidelity, seed), {}, with_fit_errors(model, seed), effects, against=name))
    return found


def ask(asking: Asking) -> Answer:
    """Both intervals, and how the second one does on draws it has not seen.

    Raises
    ------
    GaincellError
        From a measurement, one line.
    """
    measured = measure(NAME, variants(), asking)
    found = [bars(fidelity, measured) for fidelity in FIDELITIES]
    widest = max(found, key=lambda each: each.width)
    data = widest.added_interval
    sentence = (
        f"The fits leave the loss uncertain by ±{widest.width / 2:.4f} nats a token"
        + (
            ""
            if data is None
            else f", the text leaves what the circuit adds uncertain by ±{data[1] - widest.added:.4f}"
        )
        + f"; of {CHECKS} other draws of the fits' errors "
        + " and ".join(f"{each.inside} ({each.fidelity} fidelity)" for each in found)
        + " are inside."
    )
    bounds = {
        name: {"rms_relative": error.rms_relative, "maximum_relative": error.maximum_relative}
        for name, error in fit_bounds(bundled_circuit()).items()
    }
    drawn = {each.fidelity: _losses(measured, each.fidelity) for each in found}
    return Answer(
        result={
            "numbers": {"sequences": measured.sequences, "bounds": bounds},
            "rows": [{**asdict(each), "width_over_spread": each.width / each.spread} for each in found],
            **measured.record,
        },
        columns=("fidelity", "loss", "of the text", "of the fits", "inside", "over spread"),
        rows=[_cells(each) for each in found],
        caption="nats a token, 95 %; of the text: what is added over linear hardware, paired; over spread:\n"
        "half of the fits' interval over the standard deviation of the draws that check it",
        sentence=sentence,
        figure=partial(picture, found, drawn),
    )


def bars(fidelity: str, measured: Measured) -> Bars:
    """At one fidelity, of the readings of `variants`."""
    own, linear = measured.by_name[_nominal(fidelity)], measured.by_name[REFERENCE]
    seen, others = _losses(measured, fidelity)
    fit = prediction_interval(seen)
    assert fit.low is not None
    assert fit.high is not None
    over = own.minus(linear)
    return Bars(
        fidelity=fidelity,
        loss=own.mean,
        loss_interval=mean_interval(own.sums, np.full(len(own.sums), own.tokens)).ends,
        added=over.mean,
        added_interval=over.ends,
        fit=fit.mean,
        fit_interval=(fit.low, fit.high),
        draws=len(seen),
        inside=sum(fit.low <= loss <= fit.high for loss in others),
        checks=len(others),
        spread=float(np.std(others, ddof=1)),
        span=max(others) - min(others),
    )


def _losses(measured: Measured, fidelity: str) -> tuple[list[float], list[float]]:
    """Of the draws that make the interval, and of those that check it."""
    seen, others = (
        [measured.by_name[_draw(fidelity, seed)].mean for seed in range(first, first + count)]
        for first, count in ((1, DRAWS), (FIRST_CHECK, CHECKS))
    )
    return seen, others


def _nominal(fidelity: str) -> str:
    return NOMINAL if fidelity == FIDELITIES[0] else f"{NOMINAL}, {fidelity}"


def _draw(fidelity: str, seed: int) -> str:
    return f"{fidelity}, draw {seed}"


def _cells(each: Bars) -> list[str]:
    text = "" if each.added_interval is None else f" ±{each.added_interval[1] - each.added:.4f}"
    fits = f"[{each.fit_interval[0]:.4f}, {each.fit_interval[1]:.4f}]"
    ratio = f"{each.width / 2 / each.spread:.2f}"
    return [each.fidelity, f"{each.loss:.4f}", f"{each.added:+.4f}{text}", fits, f"{each.inside}/{each.checks}", ratio]


def picture(found: Sequence[Bars], drawn: dict[str, tuple[list[float], list[float]]]) -> str:
    """SVG: the draws, the fits' interval and the fitted model's loss, a row a fidelity."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(len(found), 1, figsize=(7.2, 1.3 * len(found) + 0.6), sharex=False, squeeze=False)
    for axis, each in zip(axes[:, 0], found, strict=True):
        axis.axvspan(*each.fit_interval, color=MUTED, alpha=0.2, linewidth=0, label="95 % of the fits")
        for losses, color, height, label in zip(
            drawn[each.fidelity], (CIRCUIT, BAD), (1, 0), (f"{each.draws} draws", f"{each.checks} others"), strict=True
        ):
            axis.plot(losses, [height] * len(losses), "o", markersize=4, alpha=0.6, color=color, label=label)
        axis.axvline(each.loss, color=INK, linewidth=1, label="as fitted")
        axis.set_yticks([])
        axis.set_ylim(-0.6, 1.6)
        axis.set_title(f"{each.fidelity} fidelity")
    axes[-1, 0].set_xlabel("loss, nats a token")
    axes[0, 0].legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return to_svg(figure)


STUDY = Inquiry(name=NAME, question=__doc__ or "", ask=ask)

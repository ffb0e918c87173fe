"""What does the loss hang on? Each parameter of the circuit a step up and a step down, everything else as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gaincell_char.pipeline.network import Sizes
from gaincell_char.report.svg import BAD, CIRCUIT, MUTED, to_svg
from gaincell_char.studies.deviations import NOMINAL, bundled_circuit, circuit_effects, deviation, nominal
from gaincell_char.studies.inquiry import Answer, Asking, Inquiry
from gaincell_char.studies.parameters import NOT_MODELED, PARAMETERS, Parameter, amount
from gaincell_char.studies.plan import Variant
from gaincell_char.studies.study import Measured, measure

NAME = "sensitivity"
NOISY = "nominal, with noise"
FULL = Sizes(sequences=32, recall_programs=4)
"""A step costs little: all of the held-out text is needed to see it."""
UP, DOWN = "up", "down"


@dataclass(frozen=True)
class Bar:
    """A parameter's effect; losses in nats a token.

    Attributes
    ----------
    up, down: what a step up or down adds to the nominal loss, with paired 95 % intervals.
    derivative: (loss up - loss down) / (2 steps), nats a token and unit, with its paired 95 % interval.
    """

    parameter: str
    unit: str
    nominal: float
    step: float
    reason: str
    up: float
    up_interval: tuple[float, float] | None
    down: float
    down_interval: tuple[float, float] | None
    derivative: float
    derivative_interval: tuple[float, float] | None

    @property
    def reach(self) -> float:
        """The larger of its two effects."""
        return max(abs(self.up), abs(self.down))

    @property
    def told_apart(self) -> bool:
        """Whether up, down, or the difference between them is other than 0 at 95 %."""
        intervals = (self.up_interval, self.down_interval, self.derivative_interval)
        return any(each is not None and not each[0] <= 0 <= each[1] for each in intervals)


def variants() -> list[Variant]:
    """The circuit, with and without noise; every parameter down, up, and up against down."""
    model = bundled_circuit()
    found = [nominal(model, circuit_effects(model)), nominal(model, circuit_effects(model, noise=True), NOISY)]
    for each in PARAMETERS:
        effects, reference = circuit_effects(model, each.noise), NOISY if each.noise else NOMINAL
        for direction, sign in ((DOWN, -1), (UP, 1)):
            moved = each.at(model, each.nominal(model) + sign * each.step)
            labels = {"parameter": each.name, "direction": direction}
            found.append(deviation(f"{each.name} {direction}", labels, moved, effects, against=reference))
    return found


def ask(asking: Asking) -> Answer:
    """The tornado.

    Raises
    ------
    GaincellError
        From a measurement, one line.
    """
    measured = measure(NAME, variants(), asking, None if asking.quick else FULL)
    model = bundled_circuit()
    found = sorted(
        (bar(each, each.nominal(model), measured) for each in PARAMETERS), key=lambda each: each.reach, reverse=True
    )
    largest = [each.parameter for each in found if each.told_apart][:3]
    sentence = (
        f"A step of each parameter moves the loss by at most {found[0].reach:.3f} nats a token; "
        f"most by {', '.join(largest) if largest else 'none that can be told from 0'}."
    )
    result = {
        "numbers": {
            "nominal_nats": measured.rows[0].loss,
            "with_noise_nats": measured.rows[1].loss,
            "sequences": measured.sequences,
            "not_modeled": NOT_MODELED,
        },
        "rows": [asdict(each) for each in found],
        **measured.record,
    }
    return Answer(
        result=result,
        columns=("parameter", "step", "step down", "step up", "slope a step"),
        rows=[_cells(each) for each in found],
        caption="nats a token over the nominal circuit, paired 95 % intervals; slope: half of up minus down",
        sentence=sentence,
        figure=lambda: tornado(found),
    )


def bar(parameter: Parameter, at: float, measured: Measured) -> Bar:
    """Of one parameter, from the rows of `variants`."""
    rows = {row.labels.get("direction"): row for row in measured.rows if row.labels.get("parameter") == parameter.name}
    up, down = rows[UP], rows[DOWN]
    slope = measured.by_name[f"{parameter.name} {UP}"].minus(measured.by_name[f"{parameter.name} {DOWN}"])
    step = 2 * parameter.step
    return Bar(
        parameter=parameter.name,
        unit=parameter.unit,
        nominal=at,
        step=parameter.step,
        reason=parameter.reason,
        up=up.added,
        up_interval=up.interval,
        down=down.added,
        down_interval=down.interval,
        derivative=slope.mean / step,
        derivative_interval=None if slope.low is None or slope.high is None else (slope.low / step, slope.high / step),
    )


def _cells(each: Bar) -> list[str]:
    half_step = each.derivative * each.step
    interval = each.derivative_interval
    spread = "" if interval is None else f" ±{(interval[1] - each.derivative) * each.step:.4f}"
    return [
        each.parameter,
        amount(each.step, each.unit),
        f"{each.down:+.4f}",
        f"{each.up:+.4f}",
        f"{half_step:+.4f}{spread}",
    ]


def tornado(bars: Sequence[Bar]) -> str:
    """SVG: what a step up (right color) and a step down do to the loss, the largest on top, with 95 % intervals."""
    import matplotlib.pyplot as plt

    drawn, axis = plt.subplots(figsize=(7.2, 0.26 * len(bars) + 1.1))
    height = 0.38
    for way, color, shift in ((UP, BAD, -height / 2), (DOWN, CIRCUIT, height / 2)):
        places = [place + shift for place in range(len(bars))]
        values = [getattr(each, way) for each in bars]
        errors = _errors([(getattr(each, way), getattr(each, f"{way}_interval")) for each in bars])
        axis.barh(places, values, height=height, color=color, label=f"a step {way}")
        axis.errorbar(values, places, xerr=errors, fmt="none", ecolor=MUTED, elinewidth=0.8)
    axis.set_yticks(range(len(bars)), [f"{each.parameter}, {amount(each.step, each.unit)}" for each in bars])
    axis.invert_yaxis()
    axis.grid(False, axis="y")
    axis.axvline(0, color=MUTED, linewidth=0.8)
    axis.set_xlabel("loss over the nominal circuit, nats a token")
    axis.legend(fontsize=8, loc="lower right")
    return to_svg(drawn)


def _errors(values: Sequence[tuple[float, tuple[float, float] | None]]) -> Any:
    low = [0.0 if interval is None else mean - interval[0] for mean, interval in values]
    high = [0.0 if interval is None else interval[1] - mean for mean, interval in values]
    return [low, high]


STUDY = Inquiry(name=NAME, question=__doc__ or "", ask=ask)

"""Which circuit does the network need? A loss budget becomes a limit for each parameter, the others as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gaincell_char.behavior import BehavioralModel
from gaincell_char.evaluation.interval import Interval, mean_interval
from gaincell_char.pipeline.network import Sizes
from gaincell_char.studies.deviations import NOMINAL, bundled_circuit, circuit_effects, deviation, nominal
from gaincell_char.studies.found_limits import Found, cells, picture
from gaincell_char.studies.inquiry import Answer, Asking, Inquiry
from gaincell_char.studies.parameters import amount, parameter
from gaincell_char.studies.plan import Variant
from gaincell_char.studies.search import Limit, Question, run, search
from gaincell_char.studies.stored import Reading
from gaincell_char.studies.study import QUICK, Measured, measure

NAME = "requirements"
BUDGET = 0.05
FULL = Sizes(sequences=32, recall_programs=4)
"""10 % of a parameter cost little: chance has to be smaller, and so the text longer."""


@dataclass(frozen=True)
class Requirement:
    """A limit that is asked for.

    Attributes
    ----------
    parameter: of `parameters`.
    start: where the search begins, in its unit; `outward`: the factor by which it goes on, below 1 where less is worse.
    seeds: virtual chips that the loss is the mean of: more than one where the parameter is a spread.
    note: what the limit is of.
    furthest: where the search ends, beyond which the model would say nothing of a circuit; None: it goes on.
    """

    name: str
    parameter: str
    start: float
    outward: float
    seeds: tuple[int, ...] = (0,)
    note: str = ""
    furthest: float | None = None


CHIPS = (0, 1, 2)
REQUIREMENTS = (
    Requirement("storage capacitance", "storage capacitance", 5e-17, 0.7, note="through retention alone, at least"),
    Requirement("retention", "retention time constant", 2e-3, 0.7, note="exponential, toward mid-supply, at least"),
    Requirement(
        "bit line resistance", "bit line resistance", 50.0, 2.0, note="of a cell's segment, at most", furthest=400.0
    ),
    Requirement("supply rail resistance", "supply rail resistance", 45.0, 1.6, note="of a cell's segment, at most"),
    Requirement("ReLU offset, up", "ReLU offset", 1.3, 1.4, note="every converter, at most"),
    Requirement("ReLU offset, down", "ReLU offset", -1.0, 1.6, note="every converter, at most"),
    Requirement("signed offset, up", "signed offset", 0.25, 1.4, note="every converter, at most"),
    Requirement("signed offset, down", "signed offset", -0.25, 1.4, note="every converter, at most"),
    Requirement("ReLU INL, up", "ReLU INL", 4.0, 1.6, note="a bow of the line, at most"),
    Requirement("ReLU INL, down", "ReLU INL", -1.5, 1.6, note="a bow of the line, at most"),
    Requirement("signed INL, up", "signed INL", 1.5, 1.6, note="a bow of both lines, at most"),
    Requirement("signed INL, down", "signed INL", -0.7, 1.6, note="a bow of both lines, at most"),
    Requirement("ReLU offset mismatch", "ReLU offset mismatch", 8e-10, 1.6, CHIPS, "deviation, at most"),
    Requirement("signed offset mismatch", "signed offset mismatch", 2.2e-10, 1.4, CHIPS, "deviation, at most"),
)


class _Bench:
    """Measures variants as searches ask for them, and keeps what was read."""

    def __init__(self, asking: Asking, requirements: Sequence[Requirement]) -> None:
        self.asking = asking
        self.model = bundled_circuit()
        self.effects = circuit_effects(self.model)
        self.requirements = {each.name: each for each in requirements}
        self.values: dict[bool, dict[str, list[float]]] = {
            coarse: {each.name: [] for each in requirements} for coarse in (True, False)
        }
        self.measured: dict[bool, Measured] = {}

    def costs(self, questions: Mapping[str, Question]) -> dict[str, float]:
        """Of a round of questions, nats a token over the nominal circuit."""
        # a quick study has no shorter text for its coarse questions: they are the fine ones
        grades = {name: question.coarse and not self.asking.quick for name, question in questions.items()}
        for name, question in questions.items():
            if question.value not in (asked := self.values[grades[name]][name]):
                asked.append(question.value)
        for coarse in set(grades.values()):
            self.measured[coarse] = measure(NAME, self._variants(coarse), self.asking, QUICK if coarse else self.sizes)
        return {name: self.added(name, question.value, grades[name]).mean for name, question in questions.items()}

    @property
    def sizes(self) -> Sizes:
        return QUICK if self.asking.quick else FULL

    def added(self, name: str, value: float, coarse: bool = False) -> Interval:
        """What `value` costs over the nominal circuit: paired, the mean over chips."""
        return _minus(self._readings(coarse, name, value), self._nominals(coarse, name))

    def growth(self, name: str, limit: Limit) -> Interval:
        """What the 10 % past the limit cost."""
        return _minus(self._readings(False, name, limit.past), self._readings(False, name, limit.value))

    def asked(self, name: str) -> list[tuple[float, float]]:
        """Every value that was simulated on the whole text, in order, and what it cost."""
        return [(value, self.added(name, value).mean) for value in sorted(self.values[False][name])]

    def reached(self, wanted: Requirement) -> float:
        """The value farthest out of all that were simulated."""
        values = [*self.values[True][wanted.name], *self.values[False][wanted.name]]
        return (max if wanted.outward > 1 else min)(values, key=abs)

    def _variants(self, coarse: bool) -> list[Variant]:
        seeds = sorted({seed for each in self.requirements.values() for seed in each.seeds})
        found = [nominal(self.model, self.effects, _of(NOMINAL, seed), seed) for seed in seeds]
        for name, values in self.values[coarse].items():
            wanted = self.requirements[name]
            for value in values:
                model = parameter(wanted.parameter).at(self.model, value)
                for seed in wanted.seeds:
                    full = _of(_named(name, value), seed)
                    found.append(
                        deviation(full, {}, model, self.effects, against=_of(NOMINAL, seed), seed=seed)
                    )  # fmt: skip
        return found

    def _readings(self, coarse: bool, name: str, value: float) -> list[Reading]:
        read = self.measured[coarse].by_name
        return [read[_of(_named(name, value), seed)] for seed in self.requirements[name].seeds]

    def _nominals(self, coarse: bool, name: str) -> list[Reading]:
        return [self.measured[coarse].by_name[_of(NOMINAL, seed)] for seed in self.requirements[name].seeds]


def ask(asking: Asking, requirements: Sequence[Requirement] = REQUIREMENTS) -> Answer:
    """The limits that keep each parameter's cost within `asking.options["budget"]` nats a token.

    Raises
    ------
    GaincellError
        From a measurement, one line.
    """
    budget = asking.options.get("budget", BUDGET)
    bench = _Bench(asking, requirements)
    limits = run(
        {each.name: search(each.start, each.outward, budget, each.furthest) for each in requirements}, bench.costs
    )
    found = [_found(bench, each, limits[each.name], budget) for each in requirements]
    kept = bench.measured.get(False) or bench.measured[True]
    wrong = [each.name for each in found if each.limit is not None and not (each.holds and each.breaks)]
    unlimited = [f"{each.name} (to {amount(each.reached, each.unit)})" for each in found if each.limit is None]
    verdict = "at every limit the budget holds and 10 % past it does not"
    if len(unlimited) == len(found):
        verdict = "no limit was found"
    elif wrong:
        verdict = f"10 % past the limit the budget still holds for {', '.join(wrong)}"
    if unlimited:
        verdict += f"; nothing within reach breaks it for {', '.join(unlimited)}"
    sentence = f"For {budget:g} nats a token, one parameter at a time: {verdict}."
    readings = {key: value for each in bench.measured.values() for key, value in each.record["readings"].items()}
    result = {
        "numbers": {"budget_nats": budget, "sequences": kept.sequences, "nominal_nats": kept.by_name[NOMINAL].mean},
        "rows": [asdict(each) for each in found],
        **kept.record,
        "readings": readings,
    }
    return Answer(
        result=result,
        columns=("limit of", "nominal", "limit", "costs", "10 % past"),
        rows=[cells(each) for each in found],
        caption="nats a token over the nominal circuit, paired 95 % intervals; scalers as adapted to that",
        sentence=sentence,
        figure=lambda: picture(found, budget),
    )


def _found(bench: _Bench, wanted: Requirement, limit: Limit | None, budget: float) -> Found:
    turned = parameter(wanted.parameter)
    common: dict[str, Any] = {"name": wanted.name, "note": wanted.note, "unit": turned.unit}
    at = turned.nominal(bench.model)
    if limit is None:
        reached = bench.reached(wanted)
        return Found(**common, nominal=at, limit=None, reached=reached, asked=bench.asked(wanted.name),
                     caution=caution(bench.model, turned.name, reached))  # fmt: skip
    here, past = (bench.added(wanted.name, value) for value in (limit.value, limit.past))
    growth = bench.growth(wanted.name, limit)
    return Found(
        **common,
        nominal=at,
        limit=limit.value,
        reached=bench.reached(wanted),
        past=limit.past,
        added=here.mean,
        added_interval=here.ends,
        past_added=past.mean,
        past_interval=past.ends,
        growth=growth.mean,
        growth_interval=growth.ends,
        holds=here.mean <= budget,
        breaks=past.mean > budget,
        asked=bench.asked(wanted.name),
        caution=caution(bench.model, turned.name, limit.value),
    )


def caution(model: BehavioralModel, name: str, value: float) -> str:
    """What to know of a limit of wires: they are first order in the drops, of a law that was measured so far."""
    reaches = {"bit line resistance": "largest_bl_shift_V", "supply rail resistance": "largest_rail_shift_V"}
    if name not in reaches or model.array is None or model.array.current is None:
        return ""
    strongest_A = float(np.abs(model.cell.current(np.linspace(*model.cell.level_range_V, 65))).max())
    rows, reach_V = model.array.rows, getattr(model.array.current, reaches[name])
    shift_V = value * strongest_A * rows * (rows + 1) / 2
    if shift_V <= reach_V:
        return ""
    return (
        f"a column whose cells were all on at their strongest would shift its end by {1e3 * shift_V:.0f} mV, and the "
        f"law was measured to {1e3 * reach_V:.0f} mV; drops of the network's own pulses are smaller"
    )


def _named(name: str, value: float) -> str:
    return f"{name} {value!r}"


def _of(name: str, seed: int) -> str:
    """A variant's name on a chip; chip 0 is the one that is named without its number."""
    return f"{name}, chip {seed}" if seed else name


def _minus(of: Sequence[Reading], others: Sequence[Reading]) -> Interval:
    """Paired difference of the means over chips, clustered by sequence."""
    sums = np.mean([each.sums for each in of], axis=0) - np.mean([each.sums for each in others], axis=0)
    return mean_interval(sums, np.full(len(sums), of[0].tokens))


STUDY = Inquiry(name=NAME, question=__doc__ or "", ask=ask, options=("budget",))

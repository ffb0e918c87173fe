"""Sample, fit, find the front, simulate it, and again with what was learned, until the model holds on its own front."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gaincell_char import keys
from gaincell_char.adaptation.suitability import suitability
from gaincell_char.behavior import BehavioralModel, load_model
from gaincell_char.behavior.schema import Provenance
from gaincell_char.cost.lines import Line
from gaincell_char.evaluation import Loss
from gaincell_char.optimize import characterize
from gaincell_char.optimize.characterize import Characterized
from gaincell_char.optimize.energy import gain_of, rescaled, token_lines
from gaincell_char.optimize.features import NAMES, features
from gaincell_char.optimize.front import front
from gaincell_char.optimize.space import Array, Space
from gaincell_char.optimize.surrogate import Sample, StatedError, Surrogate
from gaincell_char.pipeline import work
from gaincell_char.pipeline.artifacts import ArtifactFolder
from gaincell_char.pipeline.network import LINEAR, Sizes, corpus_stage
from gaincell_char.pipeline.stages import Report, StageResult, run_stages
from gaincell_char.studies.plan import Variant, stages
from gaincell_char.version import __version__

NOMINAL = "cmos28"
METHOD = "offset-aware"
LEAST_GAIN, LARGEST_DISTORTION = 0.45, 0.6
"""Beyond these a network is not run: what it would lose is known to be far beyond any budget (docs/studies.md)."""
SCALES = (0.5, 2.0)
"""How far converters may be scaled with the cell before noise and mismatch would have to be measured again."""
QUICK = Sizes(sequences=4, recall_programs=1)
FULL = Sizes(sequences=12, recall_programs=2)


@dataclass(frozen=True)
class Request:
    """A question. `budget`: loss over linear hardware, nats a token; `scaled`: converters follow the cell's current."""

    budget: float
    space: Space = field(default_factory=Space)
    scaled: bool = False
    samples: int = 32
    points: int = 10
    rounds: int = 3
    seed: int = 0
    sizes: Sizes = FULL


@dataclass(frozen=True)
class Design:
    """Parameters (SI) of a cell, and where they are in the cube."""

    parameters: Mapping[str, float]
    point: Array

    @property
    def name(self) -> str:
        return keys.key(self.parameters)[:10]


@dataclass(frozen=True)
class Simulated:
    """What ngspice and the network said of a design. `reason`: why it has no cell, or no loss; empty where it has."""

    design: Design
    reason: str
    model: BehavioralModel | None = None
    lines: tuple[Line, ...] = ()
    features: Mapping[str, float] | None = None
    loss: Loss | None = None
    recall: Mapping[str, float] = field(default_factory=dict)

    @property
    def energy_J(self) -> float:
        """Of a token in the circuits of one head."""
        return sum(line.energy_J for line in self.lines)


@dataclass(frozen=True)
class Predicted:
    """A point of the front: what the model says of it, and what came of it."""

    energy_J: float
    added: float
    simulated: Simulated


@dataclass(frozen=True)
class Round:
    """The model that a front was found on, and the front."""

    error: StatedError
    front: tuple[Predicted, ...]

    def confirmed(self, point: Predicted, linear: Loss) -> bool:
        """Whether simulation and model are within the model's stated error of each other, in energy and in loss."""
        found = point.simulated
        if found.loss is None:
            return False
        added = found.loss.minus(linear).mean
        return (
            abs(point.energy_J / found.energy_J - 1) <= self.error.energy
            and abs(point.added - added) <= self.error.added
        )


@dataclass(frozen=True)
class Found:
    """Everything that was simulated: the default cell, the sample, and the rounds."""

    linear: Loss
    default: Simulated
    sample: tuple[Simulated, ...]
    rounds: tuple[Round, ...]


def optimize(request: Request, out: Path, workers: int, report: Report) -> Found:
    """Simulate what `out` does not hold yet, and find the front.

    Raises
    ------
    GaincellError
        One line; what was finished is kept.
    """
    bench = _Bench(request, out, workers)
    default = _design(request.space, request.space.default())
    drawn = [_at(request.space, point) for point in request.space.sample(request.samples, request.seed)]
    linear, first = bench.simulate([default, *drawn], _noted(report, "sample"))
    known, rounds = list(first), []
    felt = [NAMES.index(name) for name in NAMES if not (request.scaled and name == "log_gain")]
    for number in range(1, request.rounds + 1):
        surrogate = Surrogate([_sample(each, linear) for each in known if each.features is not None], felt)
        error = surrogate.stated_error(request.budget)
        # of many designs the search takes those that the model flatters: aim a typical error below the default's loss
        through = None if first[0].loss is None else first[0].loss.minus(linear).mean - error.added_rms
        points = front(surrogate, len(request.space.free), request.budget, request.points, request.seed, through)
        designs = [_at(request.space, point) for point in points]
        at = np.array([design.point for design in designs])
        _, simulated = bench.simulate(designs, _noted(report, f"front {number}"))
        predictions = zip(surrogate.energy_J(at), surrogate.added(at), simulated, strict=True)
        rounds.append(Round(error, tuple(Predicted(float(e), float(a), each) for e, a, each in predictions)))
        if all(rounds[-1].confirmed(point, linear) for point in rounds[-1].front):
            break
        names = {each.design.name for each in known}
        known += [each for each in simulated if each.design.name not in names]
    return Found(linear, first[0], tuple(first[1:]), tuple(rounds))


class _Bench:
    """Where designs are simulated: ngspice first, then the network on the cells that it can be adapted to."""

    def __init__(self, request: Request, out: Path, workers: int) -> None:
        self.request, self.workers, self.store = request, workers, out / "sweeps"
        self.folder = ArtifactFolder(out / "artifacts")
        self.nominal = load_model(NOMINAL)
        self.weights = work.check_weights(LINEAR)

    def simulate(self, designs: Sequence[Design], report: Report) -> tuple[Loss, list[Simulated]]:
        """The loss of linear hardware, and the designs in their order."""
        cells = self._cells(designs, _noted(report, "cell"))
        variants = {
            design.name: Variant(design.name, {}, self._seen(design, cell), METHOD)
            for design, cell in cells
            if not isinstance(cell, str) and not self._unfit(cell)
        }
        linear = Variant("linear hardware", {}, load_model("leroux2025_linear"))
        corpus = corpus_stage(self.weights, self.request.sizes)
        plan = stages([linear, *variants.values()], corpus, self.weights, self.request.sizes.iterations)
        results = run_stages(plan, self.folder, workers=self.workers, report=_noted(report, "network"))
        found = [self._simulated(design, cell, variants.get(design.name), results) for design, cell in cells]
        return _loss(results, linear), found

    def _cells(self, designs: Sequence[Design], report: Report) -> list[tuple[Design, Characterized | str]]:
        plan = {
            design.name: characterize.stage(
                f"optimize.{design.name}", design.parameters, self.nominal, self.store, self.workers
            )
            for design in designs
        }
        results = run_stages(list(plan.values()), self.folder, workers=self.workers, report=report)
        products = {name: results[each.name].artifact.content for name, each in plan.items()}
        return [(design, characterize.read(products[design.name])) for design in designs]

    def _seen(self, design: Design, cell: Characterized) -> BehavioralModel:
        """Of a cell's model only what the network sees: one that was simulated again and is equal is not run again."""
        model = self._on_its_converters(cell)
        felt: dict[str, Any] = {"iv": {}, "pulse_charge": None, "retention_tables": []}
        provenance = Provenance(source="a design of gaincell optimize", tool_version=__version__)
        update = {"name": design.name, "cell": model.cell.model_copy(update=felt), "provenance": provenance}
        return model.model_copy(update=update)

    def _on_its_converters(self, cell: Characterized) -> BehavioralModel:
        return rescaled(cell.model) if self.request.scaled else cell.model

    def _unfit(self, cell: Characterized) -> str:
        """Why the network is not run on a cell; empty where it is."""
        gain = gain_of(cell.model, self.nominal)
        if self.request.scaled and not SCALES[0] <= gain <= SCALES[1]:
            return (
                f"its current is {gain:.2f} of the nominal cell's; converters are scaled by {SCALES[0]} to {SCALES[1]}"
            )
        judged = suitability(self._on_its_converters(cell))
        if judged.gain < LEAST_GAIN:
            return f"its gain is {judged.gain:.2f} of the linear cell's, below {LEAST_GAIN}"
        distortion = judged.distortion(METHOD)
        return "" if distortion <= LARGEST_DISTORTION else f"distortion {distortion:.2f}, above {LARGEST_DISTORTION}"

    def _simulated(
        self, design: Design, cell: Characterized | str, variant: Variant | None, results: Mapping[str, StageResult]
    ) -> Simulated:
        if isinstance(cell, str):
            return Simulated(design, cell)
        return Simulated(
            design,
            self._unfit(cell),
            cell.model,
            tuple(token_lines(cell, self.nominal, self.request.scaled)),
            features(cell.model, self.nominal),
            None if variant is None else _loss(results, variant),
            {} if variant is None else work.recall_of(results[variant.stage].artifact.content),
        )


def _loss(results: Mapping[str, StageResult], variant: Variant) -> Loss:
    return Loss(work.nats_of(results[variant.stage].artifact.content))


def _sample(found: Simulated, linear: Loss) -> Sample:
    assert found.features is not None  # the caller leaves out what has no cell
    added = None if found.loss is None else found.loss.minus(linear).mean
    return Sample(found.design.point, found.energy_J, np.array([found.features[name] for name in NAMES]), added)


def _at(space: Space, point: Array) -> Design:
    return _design(space, space.parameters(point))


def _design(space: Space, parameters: Mapping[str, float]) -> Design:
    return Design(parameters, space.point(parameters))


def _noted(report: Report, what: str) -> Callable[[int, int, str], None]:
    return lambda done, total, note: report(done, total, f"{what}: {note}")

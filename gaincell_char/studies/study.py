"""What a study is, and how one is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaincell_char.pipeline import work
from gaincell_char.pipeline.artifacts import ArtifactFolder
from gaincell_char.pipeline.network import LINEAR, Sizes, corpus_stage
from gaincell_char.pipeline.stages import Report, StageResult, run_stages
from gaincell_char.studies.plan import Variant, stages

REFERENCE = "linear hardware"
SIZES = Sizes(sequences=12, recall_programs=4)
QUICK = Sizes(sequences=4, recall_programs=2)


@dataclass(frozen=True)
class Row:
    """What became of a variant.

    Attributes
    ----------
    loss: nats a token.
    added: over the network on linear cells, same tokens; `interval` its paired 95 % interval (None for one sequence).
    recall: distance in tokens -> share of answers found.
    passes: updates until the loss of the calibration batch stays within 0.02 nats of its end; None: not adapted.
    frozen: heads whose output is constant.
    outside: largest share of tile sums beyond the converter's range in a head; None: not adapted.
    """

    labels: Mapping[str, Any]
    adaptation: str
    loss: float
    added: float
    interval: tuple[float, float] | None
    recall: Mapping[str, float]
    passes: int | None
    converged: bool | None
    frozen: int
    outside: float | None


@dataclass(frozen=True)
class Finding:
    """A study's answer: its table, numbers by name, and one sentence."""

    rows: tuple[Row, ...]
    numbers: Mapping[str, Any]
    sentence: str


@dataclass(frozen=True)
class Study:
    """`variants()` are measured; `conclude(rows)`, in their order, makes numbers and a sentence of them.

    `x`: the label that a figure has along its axis (logarithmic with `log`), `group`: the one that separates its lines.
    """

    name: str
    question: str
    variants: Callable[[], Sequence[Variant]]
    conclude: Callable[[Sequence[Row]], tuple[Mapping[str, Any], str]]
    x: str
    group: str
    log: bool = False


def run_study(
    study: Study, folder: Path, workers: int, *, quick: bool = False, report: Report | None = None
) -> Finding:
    """Measure what `folder` does not hold yet, and conclude.

    Raises
    ------
    GaincellError
        One line; what was finished is kept.
    """
    sizes = QUICK if quick else SIZES
    weights = work.check_weights(LINEAR)
    variants = [_reference(), *study.variants()]
    plan = stages(variants, corpus_stage(weights, sizes), weights, sizes.iterations)
    results = run_stages(plan, ArtifactFolder(folder), workers=workers, report=report)
    rows = tuple(_row(variant, results) for variant in variants[1:])
    numbers, sentence = study.conclude(rows)
    linear = work.nats_of(results[variants[0].stage].artifact.content).mean()
    return Finding(rows, {"linear_hardware_nats": float(linear), "sequences": sizes.sequences, **numbers}, sentence)


def _reference() -> Variant:
    from gaincell_char.behavior import load_model

    return Variant(REFERENCE, {}, load_model("leroux2025_linear"))


def _row(variant: Variant, results: Mapping[str, StageResult]) -> Row:
    from gaincell_char.evaluation import Loss

    content = results[variant.stage].artifact.content
    loss, reference = (Loss(work.nats_of(each)) for each in (content, results[_reference().stage].artifact.content))
    over = loss.minus(reference)
    adapted: dict[str, Any] | None = None
    if variant.adaptation_stage is not None:
        adapted = work.summary_of(results[variant.adaptation_stage].artifact.content)
    return Row(
        labels=variant.labels,
        adaptation=variant.adaptation,
        loss=loss.mean,
        added=over.mean,
        interval=None if over.low is None or over.high is None else (over.low, over.high),
        recall=work.recall_of(content),
        passes=adapted["passes_within_0.02"] if adapted else None,
        converged=adapted["converged"] if adapted else None,
        frozen=len(adapted["frozen"]) if adapted else 0,
        outside=max(max(layer["sum"]["outside"]) for layer in adapted["layers"]) if adapted else None,
    )

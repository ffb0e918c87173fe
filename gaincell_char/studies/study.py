"""What a study is, and how one is run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaincell_char.keys import canonical_json, digest
from gaincell_char.pipeline import work
from gaincell_char.pipeline.artifacts import ArtifactFolder
from gaincell_char.pipeline.network import LINEAR, Sizes, corpus_stage
from gaincell_char.pipeline.stages import Stage, StageResult, run_stages
from gaincell_char.studies import stored
from gaincell_char.studies.inquiry import Asking
from gaincell_char.studies.plan import Variant, needed_stages, plan_keys, stages

REFERENCE = "linear hardware"
SIZES = Sizes(sequences=12, recall_programs=4)
QUICK = Sizes(sequences=4, recall_programs=2)


@dataclass(frozen=True)
class Row:
    """What became of a variant.

    Attributes
    ----------
    loss: nats a token.
    added: over linear hardware, or what the variant is `against`, same tokens; `interval` its paired 95 % interval
        (None for one sequence).
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
class Measured:
    """Rows of variants, in their order.

    Attributes
    ----------
    linear: loss of linear hardware on the same texts, nats a token.
    cpu_s: processor time of each row's evaluation, when it was measured.
    readings: by key, of all variants and of linear hardware, to be stored; `made_with`: what they are of.
    by_name: the variants' readings by their names.
    measured: how many of them were not among the stored ones, at `seconds` of processor time (also of an earlier call).
    """

    rows: tuple[Row, ...]
    linear: float
    sequences: int
    cpu_s: tuple[float, ...]
    readings: Mapping[str, stored.Reading]
    by_name: Mapping[str, stored.Reading]
    measured: int
    made_with: Mapping[str, str]
    seconds: float

    @property
    def record(self) -> dict[str, Any]:
        """For a result's JSON: where its numbers are from, and what `studies.stored` keeps of them."""
        source = {"readings": len(self.readings), "measured": self.measured, "cpu_s": round(self.seconds, 1)}
        return {"source": source, "made_with": dict(self.made_with), "readings": stored.as_json(self.readings)}


@dataclass(frozen=True)
class Finding:
    """A study's answer: its table, numbers by name, and one sentence."""

    rows: tuple[Row, ...]
    numbers: Mapping[str, Any]
    sentence: str
    measured: Measured


@dataclass(frozen=True)
class Study:
    """`variants()` are measured; `conclude(rows)`, in their order, makes numbers and a sentence of them.

    `trained(folder)`: variants more, of networks that were trained for the study and are in the folder of results.
    `x`: the label that a figure has along its axis (logarithmic with `log`), `group`: the one that separates its lines.
    """

    name: str
    question: str
    variants: Callable[[], Sequence[Variant]]
    conclude: Callable[[Sequence[Row]], tuple[Mapping[str, Any], str]]
    x: str
    group: str
    log: bool = False
    trained: Callable[[Path], Sequence[Variant]] | None = None


def run_study(study: Study, asking: Asking) -> Finding:
    """Measure what neither the project's stored readings nor the folder hold, and conclude.

    Raises
    ------
    GaincellError
        One line; what was finished is kept.
    """
    trained = () if study.trained is None else study.trained(asking.folder.parent)
    found = measure(study.name, [*study.variants(), *trained], asking)
    numbers, sentence = study.conclude(found.rows)
    common = {"linear_hardware_nats": found.linear, "sequences": found.sequences}
    return Finding(found.rows, {**common, **numbers}, sentence, found)


def measure(study: str, variants: Sequence[Variant], asking: Asking, sizes: Sizes | None = None) -> Measured:
    """The variants' rows, from stored readings where they apply and measured where not.

    `sizes` None: those of `asking`.

    Raises
    ------
    GaincellError
        From a stage, one line; what was finished is kept.
    """
    sizes = sizes or (QUICK if asking.quick else SIZES)
    weights = work.check_weights(LINEAR)
    corpus = corpus_stage(weights, sizes)
    every = [_reference(), *variants]
    plan = stages(every, corpus, weights, sizes.iterations)
    keys = {name: stored.short(key) for name, key in plan_keys(plan).items()}
    kept = {} if asking.anew else stored.readings(study)
    missing = [variant for variant in every if keys[variant.stage] not in kept]
    results: dict[str, StageResult] = {}
    if missing:
        needed = needed_stages(plan, [variant.stage for variant in missing])
        results = run_stages(needed, ArtifactFolder(asking.folder), workers=asking.workers, report=asking.report)
    read = {
        variant.name: kept[keys[variant.stage]] if variant not in missing else _read(variant, results)
        for variant in every
    }
    linear = read[REFERENCE]
    rows = tuple(_row(variant, read[variant.name], read[variant.against or REFERENCE]) for variant in variants)
    return Measured(
        rows=rows,
        linear=linear.mean,
        sequences=sizes.sequences,
        cpu_s=tuple(read[variant.name].cpu_s for variant in variants),
        readings={keys[variant.stage]: read[variant.name] for variant in every},
        by_name=read,
        measured=len(missing),
        made_with=source_of(weights, corpus),
        seconds=math.fsum(result.artifact.cpu_s for result in results.values()),
    )


def product(study: str, make: Callable[[Stage, str], Stage], asking: Asking) -> dict[str, Any]:
    """By its key (one), the JSON product of a stage that a study has beside its variants.

    `make(corpus, weights_digest)` is that stage; it needs the corpus alone.
    """
    weights, corpus = corpus_of(asking)
    stage = make(corpus, weights)
    key = stored.short(plan_keys([corpus, stage])[stage.name])
    kept = {} if asking.anew else stored.products(study)
    if key in kept:
        return {key: kept[key]}
    done = run_stages([corpus, stage], ArtifactFolder(asking.folder), workers=asking.workers, report=asking.report)
    return {key: done[stage.name].artifact.json()}


def corpus_of(asking: Asking) -> tuple[str, Stage]:
    """The digest of the weights, and the texts that a study is measured on."""
    weights = work.check_weights(LINEAR)
    return weights, corpus_stage(weights, QUICK if asking.quick else SIZES)


def source_of(weights_digest: str, corpus: Stage) -> dict[str, str]:
    """What readings are of, in words that tell why stored ones do not apply."""
    texts = digest(canonical_json(corpus.inputs["texts"]).encode())
    return {
        "weights": weights_digest[:12],
        "texts": f"Python {corpus.inputs['python']}, {texts[:12]}",
        "code": f"version {work.VERSION}",
    }


def _reference() -> Variant:
    from gaincell_char.behavior import load_model

    return Variant(REFERENCE, {}, load_model("leroux2025_linear"))


def _read(variant: Variant, results: Mapping[str, StageResult]) -> stored.Reading:
    content = results[variant.stage].artifact.content
    adapted: dict[str, Any] | None = None
    if variant.adaptation_stage is not None:
        summary = work.summary_of(results[variant.adaptation_stage].artifact.content)
        adapted = {
            "passes": summary["passes_within_0.02"],
            "converged": summary["converged"],
            "frozen": len(summary["frozen"]),
            "outside": max(max(layer["sum"]["outside"]) for layer in summary["layers"]),
        }
    return stored.Reading.of(
        work.nats_of(content), work.recall_of(content), adapted, results[variant.stage].artifact.cpu_s
    )


def _row(variant: Variant, reading: stored.Reading, reference: stored.Reading) -> Row:
    over = reading.minus(reference)
    adapted = reading.adapted or {"passes": None, "converged": None, "frozen": 0, "outside": None}
    return Row(
        labels=variant.labels,
        adaptation=variant.adaptation,
        loss=reading.mean,
        added=over.mean,
        interval=over.ends,
        recall=reading.recall,
        **adapted,
    )

"""Readings that travel with the project: what studies measured on the embedded weights, so that none has to again.

    python -m gaincell_char.studies.stored gaincell-out     keeps those of gaincell-out/study-*.json in models/studies

A reading is found by a key of everything it depends on: weights, texts, model, options, versions of the code. Where one
of them differs there is no such key, and the study measures.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.errors import InputError
from gaincell_char.evaluation.interval import Interval, mean_interval
from gaincell_char.keys import publish
from gaincell_char.paths import data_folder

_KEY_DIGITS = 20
_SUM_DIGITS = 4
"""Of a sequence's loss in nats, about 1000 tokens: the mean is rounded to 1e-7 nats."""


@dataclass(frozen=True)
class Reading:
    """What is kept of a variant.

    Attributes
    ----------
    sums: loss of each sequence in nats, over `tokens` tokens.
    recall: distance in tokens -> share of answers found.
    adapted: passes, converged, frozen, outside as `study.Row` has them; None: not adapted.
    cpu_s: processor time of its evaluation, where it was measured.
    """

    sums: tuple[float, ...]
    tokens: int
    recall: Mapping[str, float]
    adapted: Mapping[str, Any] | None
    cpu_s: float = field(compare=False)

    @classmethod
    def of(
        cls,
        nats: npt.NDArray[np.float64],
        recall: Mapping[str, float],
        adapted: Mapping[str, Any] | None,
        cpu_s: float,
    ) -> Reading:
        """Of losses (sequences, tokens)."""
        sums = tuple(round(float(total), _SUM_DIGITS) for total in nats.sum(axis=1))
        return cls(sums, nats.shape[1], recall, adapted, round(cpu_s, 2))

    @property
    def mean(self) -> float:
        """Nats a token."""
        return sum(self.sums) / (len(self.sums) * self.tokens)

    def minus(self, other: Reading) -> Interval:
        """Paired difference to another reading of the same texts, with its 95 % interval."""
        return mean_interval(np.subtract(self.sums, other.sums), np.full(len(self.sums), self.tokens))


def short(key: str) -> str:
    """A plan's key as readings are filed under."""
    return key[:_KEY_DIGITS]


def folder() -> Path:
    """Where they are kept: one file a study."""
    return data_folder("models") / "studies"


def readings(study: str) -> dict[str, Reading]:
    """The stored readings of a study by key; none where nothing is stored.

    Raises
    ------
    InputError
        A file that is damaged.
    """
    return {key: _reading(value) for key, value in _file(study).get("readings", {}).items()}


def products(study: str) -> dict[str, Any]:
    """What else a study measured, by key (`study.product`)."""
    return dict(_file(study).get("products", {}))


def made_with(study: str) -> dict[str, str]:
    """What the stored readings of a study are of: weights, texts, version of the code."""
    found: dict[str, str] = _file(study).get("made_with", {})
    return found


def keep(result: Mapping[str, Any]) -> Path:
    """File the readings of a study's result; earlier ones stay where they are of the same weights, texts and code."""
    name, source = result["study"], result["made_with"]
    kept = _file(name)
    parts = []
    for part in ("readings", "products"):
        before = kept.get(part, {}) if kept and kept["made_with"] == source else {}
        every = sorted({**before, **result.get(part, {})}.items())
        lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in every)
        parts.append(f' "{part}": {{\n{lines}\n }}')
    text = ",\n".join([f'{{"made_with": {json.dumps(source)}', *parts])
    path = folder() / f"{name}.json"
    publish(path, f"{text}}}\n".encode())
    return path


def as_json(found: Mapping[str, Reading]) -> dict[str, Any]:
    """Readings as a result holds them."""
    return {key: asdict(reading) for key, reading in found.items()}


def _file(study: str) -> dict[str, Any]:
    path = folder() / f"{study}.json"
    if not path.is_file():
        return {}
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        for value in found["readings"].values():
            _reading(value)
        found["made_with"]["weights"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: no readings of a study ({type(error).__name__}: {error}); restore it, or delete it and measure"
        ) from None
    return found


def _reading(value: Mapping[str, Any]) -> Reading:
    sums, cpu_s = tuple(map(float, value["sums"])), float(value["cpu_s"])
    return Reading(sums, int(value["tokens"]), dict(value["recall"]), value["adapted"], cpu_s)


def main(arguments: list[str]) -> None:
    """File the readings of every study's result in the folder named."""
    (out,) = arguments or ["gaincell-out"]
    for path in sorted(Path(out).glob("study-*.json")):
        result = json.loads(path.read_text("utf-8"))
        if result.get("readings") or result.get("products"):
            print(keep(result))


if __name__ == "__main__":
    main(sys.argv[1:])

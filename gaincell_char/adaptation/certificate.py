"""What an adaptation can vouch for, head by head: whether its output is the linear model's, and how much is cut off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gaincell_char.adaptation.loop import Adaptation

CLIPPED = ("q", "k", "v", "score", "sum")
"""Where values are cut off: queries and stored levels, scores above full scale, tile sums beyond the counter."""
LARGEST_ERROR = 0.05
"""Error of an output's mean or deviation, of the linear model's deviation, up to which the head counts as adapted."""


@dataclass(frozen=True)
class HeadCertificate:
    """One head after an adaptation.

    Attributes
    ----------
    mean_error, std_error: the output's mean and deviation minus the linear model's, over the latter's deviation.
    saturated: share of values cut off, by the names of `CLIPPED`.
    frozen: its output is constant though it varies on linear cells.
    adapted: not frozen, and both errors within `LARGEST_ERROR`.
    """

    layer: int
    head: int
    adapted: bool
    mean_error: float
    std_error: float
    saturated: Mapping[str, float]
    frozen: bool

    @property
    def error(self) -> float:
        """The larger of both errors."""
        return max(abs(self.mean_error), abs(self.std_error))


def certificate(done: Adaptation) -> tuple[HeadCertificate, ...]:
    """Every head of the network, layer by layer.

    A head that says nothing on linear cells either (deviation 0) has no error.
    """
    found = []
    for layer, (errors, seen) in enumerate(zip(done.errors, done.statistics, strict=True)):
        linear = seen["out"].std - errors["out"].std
        for head in range(linear.size):
            scale = float(linear[head]) if linear[head] > 0 else np.inf
            mean, std = (float(each[head]) / scale for each in (errors["out"].mean, errors["out"].std))
            frozen = (layer, head) in done.frozen
            saturated = {name: float(seen[name].outside[head]) for name in CLIPPED}
            adapted = not frozen and max(abs(mean), abs(std)) <= LARGEST_ERROR
            found.append(HeadCertificate(layer, head, adapted, mean, std, saturated, frozen))
    return tuple(found)


def as_rows(heads: tuple[HeadCertificate, ...]) -> list[dict[str, Any]]:
    """The certificate as JSON values."""
    return [asdict(head) for head in heads]


def line(done: Adaptation) -> str:
    """The certificate in one line: how many heads are adapted, the worst of them, and where most is cut off."""
    heads = certificate(done)
    worst = max(heads, key=lambda head: np.inf if head.frozen else head.error)
    cut = max(heads, key=lambda head: max(head.saturated.values()))
    name = max(cut.saturated, key=lambda each: cut.saturated[each])
    state = "frozen" if worst.frozen else f"{100 * worst.error:.1f} % of its deviation"
    end = "converged" if done.converged else "not converged"
    return (
        f"certificate: {end}; {sum(head.adapted for head in heads)} of {len(heads)} heads within "
        f"{100 * LARGEST_ERROR:g} %; worst output in layer {worst.layer} head {worst.head}: {state}; most cut off: "
        f"{name} of layer {cut.layer} head {cut.head}, {100 * cut.saturated[name]:.1f} %"
    )

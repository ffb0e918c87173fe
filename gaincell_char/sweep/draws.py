"""Axes that are drawn: random, Latin hypercube and Sobol points over several quantities, the same for the same seed."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Discriminator, Field, Tag, model_validator

from gaincell_char.sweep.combinations import Rows
from gaincell_char.sweep.section import Count, Natural, Number, Quantity, Section

Array = npt.NDArray[np.float64]


class Uniform(Section):
    """`{low, high}` or `{low, high, scale: log}`."""

    low: Number
    high: Number
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}")
        if self.scale == "log" and self.low <= 0:
            raise ValueError(f"a log scale starts above 0, given low {self.low:g}")
        return self

    def at(self, probability: Array) -> Array:
        """The quantiles, (n,) in (0, 1) -> (n,)."""
        if self.scale == "log":
            return np.asarray(self.low * (self.high / self.low) ** probability)
        return self.low + probability * (self.high - self.low)


class Normal(Section):
    """`{mean, sigma}`."""

    mean: Number
    sigma: Number

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if self.sigma <= 0:
            raise ValueError(f"sigma is {self.sigma:g}; expected more than 0")
        return self

    def at(self, probability: Array) -> Array:
        """The quantiles, (n,) in (0, 1) -> (n,)."""
        from scipy.special import ndtri

        return np.asarray(self.mean + self.sigma * ndtri(probability))


def _form(given: Any) -> str:
    return "normal" if isinstance(given, dict) and ("mean" in given or "sigma" in given) else "uniform"


Distribution = Annotated[Annotated[Uniform, Tag("uniform")] | Annotated[Normal, Tag("normal")], Discriminator(_form)]


class Draws(Section):
    """`count` points over the quantities `of`: `random` (independent), `latin_hypercube` (each quantity hits each of
    `count` equal slices once) or `sobol` (scrambled; `count` a power of two)."""

    method: Literal["random", "latin_hypercube", "sobol"]
    count: Count
    seed: Natural = 0
    of: dict[Quantity, Distribution] = Field(min_length=1)

    @model_validator(mode="after")
    def _balanced(self) -> Self:
        if self.method == "sobol" and self.count & (self.count - 1):
            low = 1 << (self.count.bit_length() - 1)
            raise ValueError(f"count {self.count}: Sobol points are balanced in powers of two; use {low} or {2 * low}")
        return self

    def rows(self) -> Rows:
        """The points in order, a value for each quantity, rounded to 12 digits."""
        probabilities = np.clip(self._probabilities(), 1e-15, 1 - 1e-15)
        drawn = {name: each.at(probabilities[:, number]) for number, (name, each) in enumerate(self.of.items())}
        return Rows({name: [float(f"{value:.12g}") for value in values] for name, values in drawn.items()})

    def _probabilities(self) -> Array:
        """(count, quantities) in [0, 1)."""
        from scipy.stats import qmc

        generator = np.random.Generator(np.random.PCG64(self.seed))
        if self.method == "random":
            return generator.random((self.count, len(self.of)))
        sampler = qmc.LatinHypercube if self.method == "latin_hypercube" else qmc.Sobol
        return np.asarray(sampler(len(self.of), seed=generator).random(self.count))

"""The two analog products on tensors, a segment of a tile at a time, and the linear products of their gradients.

Rows are queries: `group` of them for every token (query heads that share a stored head lie side by side), so arrays of
queries are (N, tokens x group, D) for N stored heads. Stored arrays are (N, S, D), scores (N, rows, tokens).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from gaincell_char.attention.tiles import Segment
from gaincell_char.behavior.law import PolynomialLaw
from gaincell_char.integrations.torch.laws import LINEAR_SLOPE, Surrogate, TensorLaw


@dataclass(frozen=True)
class Places:
    """Where the tokens of a call are: keys from position `start` on, the last `queries` of the `keys` ask."""

    start: int
    keys: int
    queries: int
    group: int

    @property
    def asking(self) -> Segment:
        """Positions of the queries."""
        end = self.start + self.keys
        return Segment(end - self.queries, end)

    def stored(self, segment: Segment) -> slice:
        """Where `segment` is among the stored tokens."""
        return slice(segment.low - self.start, segment.high - self.start)

    def rows(self, queries: Segment) -> slice:
        """Where `queries` are among the rows."""
        first = self.asking.low
        return slice((queries.low - first) * self.group, (queries.high - first) * self.group)

    def ages(self, segment: Segment, queries: Segment, device: torch.device) -> Tensor:
        """Age of each token of `segment` for each row of `queries`: (rows, tokens); below 0 it is the future."""
        asked = torch.arange(queries.low, queries.high, device=device).repeat_interleave(self.group)
        return asked[:, None] - torch.arange(segment.low, segment.high, device=device)


class Product(Protocol):
    """Sums over one law with what is stored; `full_scale` has been divided out."""

    def scores(self, queries: Segment, segment: Segment) -> Tensor:
        """S of the rows of `queries` with the tokens of `segment`: (N, rows, tokens)."""

    def currents(self, pulses: Tensor, queries: Segment, segment: Segment) -> Tensor:
        """A of `pulses` (N, rows, tokens): (N, rows, D)."""


def product(law: TensorLaw, full_scale: float, places: Places, stored: Tensor, asked: Tensor | None) -> Product:
    """The cheapest exact way for `law`; `asked` are the queries (N, rows, D) where scores are wanted."""
    own = law.law
    exponential = isinstance(own, PolynomialLaw) and own.decay > 0 and not own.bfloat16
    if isinstance(own, PolynomialLaw) and exponential and any(own.coefficients[1:]):
        largest_exponent = (len(own.coefficients) - 1) * own.decay * places.keys
        if largest_exponent < _reach(stored.dtype):
            return Folded(own, full_scale, places, stored, asked)
    return Termwise(law, full_scale, places, stored, asked)


def _reach(dtype: torch.dtype) -> float:
    """The largest exponent that may be folded in: a third of the dtype's."""
    return math.log(torch.finfo(dtype).max) / 3


class Termwise:
    """Any law: a matrix product for every term, times the Toeplitz matrix of its age function."""

    def __init__(self, law: TensorLaw, full_scale: float, places: Places, stored: Tensor, asked: Tensor | None) -> None:
        self._places = places
        self._asked = asked
        self._terms = [term / full_scale for term in law.level_terms(stored)]
        self._ages = law.age_table(places.keys, stored)

    def scores(self, queries: Segment, segment: Segment) -> Tensor:
        assert self._asked is not None
        asked, stored = self._asked[:, self._places.rows(queries)], self._places.stored(segment)
        parts = [torch.bmm(asked, term[:, stored].transpose(1, 2)) for term in self._terms]
        if self._ages is not None:
            age = self._places.ages(segment, queries, asked.device).clamp_min(0)
            for part, factor in zip(parts, self._ages, strict=True):
                part *= factor[age]
        return _total(parts)

    def currents(self, pulses: Tensor, queries: Segment, segment: Segment) -> Tensor:
        stored = self._places.stored(segment)
        if self._ages is None:
            return torch.bmm(pulses, self._terms[0][:, stored])
        age = self._places.ages(segment, queries, pulses.device).clamp_min(0)
        aged = zip(self._terms, self._ages, strict=True)
        return _total([torch.bmm(pulses * factor[age], term[:, stored]) for term, factor in aged])


class Folded:
    """A polynomial that decays exponentially: r^(i (t - s)) = r^(i t) r^(-i s), the orders side by side in one product.

    Times count from the first key, so the factors grow with the length of the text; `product` sees to it that they stay
    within the dtype.
    """

    def __init__(
        self, law: PolynomialLaw, full_scale: float, places: Places, stored: Tensor, asked: Tensor | None
    ) -> None:
        self._places = places
        self._offset = law.coefficients[0] / full_scale
        orders = [order for order, a in enumerate(law.coefficients) if order and a]
        rate = law.decay * torch.tensor(orders, dtype=torch.float64)[:, None]
        time = torch.arange(places.keys, dtype=torch.float64)
        amplitude = torch.tensor([law.coefficients[i] / full_scale for i in orders], dtype=torch.float64)
        rise = (rate * time).exp().to(stored)[..., None]
        fall = (amplitude[:, None] * (-rate * time).exp())[:, places.keys - places.queries :]
        self._fall = fall.repeat_interleave(places.group, 1).to(stored)[..., None]  # (orders, rows, 1)
        x = stored - law.v_inf_V
        self._stored = _side_by_side([x**i * factor for i, factor in zip(orders, rise, strict=True)], stored)
        if asked is not None:
            self._asked = _side_by_side([asked * factor for factor in self._fall], asked)
            self._bias = self._offset * asked.sum(-1, keepdim=True)

    def scores(self, queries: Segment, segment: Segment) -> Tensor:
        rows, stored = self._places.rows(queries), self._places.stored(segment)
        return torch.baddbmm(self._bias[:, rows], self._asked[:, rows], self._stored[:, stored].transpose(1, 2))

    def currents(self, pulses: Tensor, queries: Segment, segment: Segment) -> Tensor:
        parts = torch.bmm(pulses, self._stored[:, self._places.stored(segment)]).chunk(len(self._fall), -1)
        rows = self._places.rows(queries)
        total = _total([part.mul_(factor[rows]) for part, factor in zip(parts, self._fall, strict=True)])
        return total.add_(pulses.sum(-1, keepdim=True), alpha=self._offset) if self._offset else total


class Linear:
    """The products of the gradients, with the surrogate law: LINEAR_SLOPE r (V - center) wherever a cell was.

    An exponential r is folded: r(t - s) = fall(t) rise(s); any other multiplies the scores.
    """

    def __init__(self, surrogate: Surrogate, full_scale: float, places: Places, stored: Tensor) -> None:
        self._places = places
        self._slope = LINEAR_SLOPE / full_scale
        rate = surrogate.rate
        self._folds = rate is not None and rate * places.keys < _reach(stored.dtype)
        self._table = None if self._folds else surrogate.decay_table(places.keys, stored)
        time = (rate if self._folds and rate is not None else 0.0) * torch.arange(places.keys, dtype=torch.float64)
        self._rise = time.exp().to(stored)[:, None]
        fall = self._slope * (-time[places.keys - places.queries :]).exp()
        self._fall = fall.repeat_interleave(places.group).to(stored)[:, None]
        self._weights = (stored - surrogate.center_V) * self._rise

    def weighted(self, rows: Tensor, queries: Segment) -> Tensor:
        """`rows` (N, rows, D) times slope and the queries' share of r: what the other methods take and give."""
        return rows * self._fall[self._places.rows(queries)]

    def aged(self, scores: Tensor, queries: Segment, segment: Segment) -> Tensor:
        """`scores` (N, rows, tokens) times what of r is not folded."""
        if self._table is None:
            return scores
        return scores * self._table[self._places.ages(segment, queries, scores.device).clamp_min(0)]

    def to_scores(self, weighted: Tensor, segment: Segment) -> Tensor:
        """(N, rows, D) -> (N, rows, tokens): the product with what `segment` stores."""
        return torch.bmm(weighted, self._weights[:, self._places.stored(segment)].transpose(1, 2))

    def to_rows(self, scores: Tensor, queries: Segment, segment: Segment) -> Tensor:
        """(N, rows, tokens) -> (N, rows, D), slope and the queries' share included."""
        return self.weighted(torch.bmm(scores, self._weights[:, self._places.stored(segment)]), queries)

    def to_stored(self, scores: Tensor, weighted: Tensor, segment: Segment) -> Tensor:
        """The sum over the rows of scores times weighted (N, rows, D): (N, tokens, D)."""
        return torch.bmm(scores.transpose(1, 2), weighted) * self._rise[self._places.stored(segment)]


def _total(parts: list[Tensor] | tuple[Tensor, ...]) -> Tensor:
    total = parts[0]
    for part in parts[1:]:
        total = total.add_(part)
    return total


def _side_by_side(parts: list[Tensor], like: Tensor) -> Tensor:
    return torch.cat(parts, -1) if parts else like[..., :0]

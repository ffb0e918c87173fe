"""Both products and what is between them, tile by tile, with the surrogate gradient.

Forward (arXiv 2409.19315; S, P, A_n and Y of `attention.reference`) the true law of the cell. Backward quantizers let
gradients through, clips where lo <= x <= hi, and both products are those of the linear cell, r = exp(-lambda age):

    dQ = 19.3 (dS r)(K - .45)   dK = 19.3 (dS r)^T Q   dP = r 19.3 dA (V - .45)^T   dV = 19.3 (P r)^T dA

Scores and sums of a tile are computed again in the backward pass: nothing as large as tokens x tokens is kept.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gaincell_char.attention.chain import OUTPUT_LEVELS
from gaincell_char.attention.tiles import Segment, seeing, visible_tiles
from gaincell_char.integrations.torch.hardware import Hardware
from gaincell_char.integrations.torch.products import Linear, Places, product

_STEP = 2 / (OUTPUT_LEVELS - 1)


def tile_sums(q: Tensor, k: Tensor, v: Tensor, hardware: Hardware, start: int = 0) -> Tensor:
    """Y for levels q (B, H, T, D), k and v (B, G, S, D), H a multiple of G -> (B, H, T, D), in their dtype.

    The keys are the tokens from position `start` on, the queries the last T of them. Heads h G' .. (h + 1) G' - 1,
    G' = H/G, read the cells of stored head h.
    """
    batch, heads, queries, width = q.shape
    stored, keys = k.shape[1], k.shape[2]
    places = Places(start, keys, queries, heads // stored)
    rows = q.reshape(batch * stored, places.group, queries, width).transpose(1, 2).reshape(batch * stored, -1, width)
    flat = k.reshape(batch * stored, keys, width), v.reshape(batch * stored, keys, width)
    y: Tensor = _TileSums.apply(rows, *flat, hardware, places)  # type: ignore[no-untyped-call]
    return y.view(batch * stored, queries, places.group, width).transpose(1, 2).reshape(q.shape)


class _TileSums(torch.autograd.Function):
    """q (N, rows, D), k and v (N, S, D) -> Y (N, rows, D)."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, hardware: Hardware, places: Places) -> Tensor:
        ctx.save_for_backward(q, k, v)
        ctx.hardware, ctx.places = hardware, places
        tiles = _Tiles(q, k, v, hardware, places)
        y = torch.zeros_like(q)
        for tile in visible_tiles(hardware.chain, places.start, places.asking):
            queries, sums, _ = tiles.run(tile)
            sums.clamp_(-1, 1)
            if hardware.chain.quantize:
                sums.div_(_STEP).round_().mul_(_STEP)
            y[:, places.rows(queries)] += sums
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        q, k, v = ctx.saved_tensors
        hardware, places = ctx.hardware, ctx.places
        tiles = _Tiles(q, k, v, hardware, places)
        keys = Linear(hardware.key_surrogate, hardware.chain.score_scale, places, k)
        values = Linear(hardware.value_surrogate, hardware.chain.current_scale, places, v)
        dq, dk, dv = torch.zeros_like(q), torch.zeros_like(k), torch.zeros_like(v)
        asked = keys.weighted(q, places.asking)
        for tile in visible_tiles(hardware.chain, places.start, places.asking):
            queries, sums, parts = tiles.run(tile)
            d_sums = gradients[0][:, places.rows(queries)].masked_fill((sums < -1) | (sums > 1), 0)
            for segment, seer, scores in parts:
                d_current = values.weighted(d_sums[:, _within(places, seer, queries)], seer)
                pulses = values.aged(scores.clamp(0, 1), seer, segment)
                dv[:, places.stored(segment)] += values.to_stored(pulses, d_current, segment)
                d_scores = values.aged(values.to_scores(d_current, segment), seer, segment)
                d_scores = keys.aged(d_scores.masked_fill_((scores < 0) | (scores > 1), 0), seer, segment)
                dq[:, places.rows(seer)] += keys.to_rows(d_scores, seer, segment)
                dk[:, places.stored(segment)] += keys.to_stored(d_scores, asked[:, places.rows(seer)], segment)
        return dq, dk, dv, None, None


_Part = tuple[Segment, Segment, Tensor]
"""A segment, the queries that see it, and their S/80 (N, rows, tokens), -1 where masked: no pulse and no gradient."""


class _Tiles:
    """The forward pass of one call, tile by tile."""

    def __init__(self, q: Tensor, k: Tensor, v: Tensor, hardware: Hardware, places: Places) -> None:
        self._chain = hardware.chain
        self._places = places
        self._scores = product(hardware.key_law, hardware.chain.score_scale, places, k, q)
        self._currents = product(hardware.value_law, hardware.chain.current_scale, places, v, None)

    def run(self, tile: list[Segment]) -> tuple[Segment, Tensor, list[_Part]]:
        """The queries that see `tile`, its A_n/40 (N, rows, D), and the parts it is made of."""
        seers = [seeing(self._chain, segment, self._places.asking) for segment in tile]
        queries = Segment(min(seer.low for seer in seers), max(seer.high for seer in seers))
        parts: list[_Part] = []
        currents: list[Tensor] = []
        for segment, seer in zip(tile, seers, strict=True):
            scores = self._scores.scores(seer, segment)
            self._mask(scores, seer, segment)
            parts.append((segment, seer, scores))
            currents.append(self._currents.currents(scores.clamp(0, 1), seer, segment))
        if len(tile) == 1:
            return queries, currents[0], parts
        rows = self._places.rows(queries)
        sums = currents[0].new_zeros(currents[0].shape[0], rows.stop - rows.start, currents[0].shape[2])
        for (_, seer, _), current in zip(parts, currents, strict=True):
            sums[:, _within(self._places, seer, queries)] += current
        return queries, sums, parts

    def _mask(self, scores: Tensor, queries: Segment, segment: Segment) -> None:
        """Only queries within the segment, and those for which it is leaving the window, see a part of it."""
        edges = (
            Segment(queries.low, min(queries.high, segment.high)),
            Segment(max(queries.low, segment.low + self._chain.window), queries.high),
        )
        for edge in edges:
            if edge.low < edge.high:
                age = self._places.ages(segment, edge, scores.device)
                hidden = (age < 0) | (age >= self._chain.window)
                scores[:, _within(self._places, edge, queries)].masked_fill_(hidden, -1)


def _within(places: Places, part: Segment, whole: Segment) -> slice:
    """Where the rows of `part` are among those of `whole`."""
    return slice((part.low - whole.low) * places.group, (part.high - whole.low) * places.group)

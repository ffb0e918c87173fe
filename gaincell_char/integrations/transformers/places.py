"""Where queries and keys are in the text: what gain-cell attention needs to know instead of a mask.

transformers asks each attention for the mask it wants. Ours is a table of integers on the CPU, (B, 1, 1, 4): position
of the first key, position of the first query, padding before the text, sliding window (0: none). It has four dimensions
because prepared masks of four dimensions pass through a network as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers.masking_utils import causal_mask_function

from gaincell_char.errors import InputError

_ROWS = 1024
"""Queries whose mask exists at a time when it is checked."""


@dataclass(frozen=True)
class Text:
    """Rows of the batch with the same padding: their keys begin at `first_key`, their queries at `first_query`.

    Both count from the beginning of the padded row; the text begins at `padding`.
    """

    rows: list[int]
    first_key: int
    first_query: int
    padding: int
    sliding_window: int | None


def texts(mask: Tensor | None, batch: int, queries: int, keys: int) -> list[Text]:
    """The rows of a batch by their padding; without a mask the queries are the last of the keys, and nothing is padded.

    Raises
    ------
    InputError
        A mask that is not `places_mask`'s.
    """
    if mask is None:
        return [Text(list(range(batch)), 0, keys - queries, 0, None)]
    if mask.dtype != torch.int64 or mask.shape != (batch, 1, 1, 4):
        raise InputError(
            f"attention mask: {mask.dtype} {tuple(mask.shape)}; gain-cell attention is causal and knows padding only: "
            "give a mask (B, T) of 0 and 1"
        )
    groups: dict[tuple[int, ...], list[int]] = {}
    for row, places in enumerate(mask.view(batch, 4).tolist()):
        groups.setdefault(tuple(places), []).append(row)
    return [
        Text(rows, first_key, first_query, padding, sliding or None)
        for (first_key, first_query, padding, sliding), rows in groups.items()
    ]


def places_mask(
    batch_size: int,
    q_length: int,
    kv_length: int,
    q_offset: int | Tensor = 0,
    kv_offset: int | Tensor = 0,
    mask_function: Callable[..., Any] = causal_mask_function,
    attention_mask: Tensor | None = None,
    local_size: int | None = None,
    use_vmap: bool = False,
    device: torch.device | str = "cpu",
    **_: Any,
) -> Tensor:
    """The table of places, with the arguments of transformers' mask functions.

    Raises
    ------
    InputError
        Padding within a text; a pattern that is neither causal nor a sliding window (packed sequences, chunks,
        bidirectional attention).
    """
    first_query, first_key = int(q_offset), int(kv_offset)
    if mask_function is not causal_mask_function:
        if use_vmap:
            raise InputError("attention mask: a pattern of its own; gain-cell attention is causal")
        pattern = _Pattern(mask_function, torch.device(device))
        pattern.check(batch_size, (first_query, q_length), (first_key, kv_length), local_size)
    places = torch.tensor([[first_key, first_query, 0, local_size or 0]]).repeat(batch_size, 1)
    if attention_mask is not None:
        places[:, 2] = _padding(attention_mask, first_query + q_length)
    return places[:, None, None]


def _padding(mask: Tensor, length: int) -> Tensor:
    """How many tokens of padding stand before the text of each row of `mask` (B, tokens): (B,)."""
    if mask.ndim != 2 or mask.shape[1] < length:
        raise InputError(f"attention mask: shape {tuple(mask.shape)}; expected (B, {length}), a 0 or 1 for every token")
    real = mask[:, :length].bool().cpu()
    tokens = real.sum(1)
    before = torch.where(tokens > 0, real.int().argmax(1), length)
    after = torch.where(tokens > 0, real.flip(1).int().argmax(1), 0)
    if bool((before + tokens + after != length).any()):
        row = int((before + tokens + after != length).nonzero()[0])
        raise InputError(f"attention mask: row {row} has padding within its text; pad at the left (or only at the end)")
    return before


@dataclass(frozen=True)
class _Pattern:
    """A mask function of transformers: which (row, head, query, key) may be seen."""

    function: Callable[..., Any]
    device: torch.device

    def check(self, batch: int, queries: tuple[int, int], keys: tuple[int, int], window: int | None) -> None:
        """Refuse a pattern other than causal within a window; each of `queries`, `keys` is (first, count)."""
        row = torch.arange(batch, device=self.device)[:, None, None]
        key = keys[0] + torch.arange(keys[1], device=self.device)
        for first in range(0, queries[1], _ROWS):
            query = queries[0] + torch.arange(first, min(first + _ROWS, queries[1]), device=self.device)[:, None]
            age = query - key
            wanted = (age >= 0) & (age < (window or queries[0] + queries[1]))
            if not bool((self.function(row, torch.tensor(0), query, key) == wanted).all()):
                raise InputError(
                    "attention mask: packed sequences, chunks or bidirectional attention; gain-cell attention is "
                    "causal, with a sliding window at most: give one text a row"
                )

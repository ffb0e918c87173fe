"""The function that transformers calls in every attention layer."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from gaincell_char.errors import InputError
from gaincell_char.integrations.torch.attention import TensorScalers, attend, check_heads, default_scalers
from gaincell_char.integrations.torch.hardware import Hardware
from gaincell_char.integrations.transformers.places import Text, texts

SUBMODULE = "gaincell"
"""Under this name `attach` puts scalers and circuit into an attention layer."""

_UNKNOWN = ("softcap", "s_aux", "position_bias", "head_mask", "cache")
"""What some networks ask of their attention and no circuit here does."""


def attention_forward(
    registered: Hardware,
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    is_causal: bool | None = None,
    **options: Any,
) -> tuple[Tensor, None]:
    """query (B, H, T, D), key and value (B, G, S, D) -> (B, T, H, D) and no weights.

    Raises
    ------
    InputError
        Attention dropout, attention that is not causal, a mask that is more than padding, an option that no circuit
        here has (soft caps, sinks, position biases, paged caches).
    """
    for name in _UNKNOWN:
        if options.get(name) is not None:
            raise InputError(f"{name}: gain-cell attention has none; use another attn_implementation for this network")
    if dropout:
        raise InputError(
            f"attention dropout: {dropout}; a circuit has none: set it to 0 in the config (attn_pdrop, ...)"
        )
    if not (getattr(module, "is_causal", True) if is_causal is None else is_causal):
        raise InputError(f"{type(module).__name__}: gain-cell attention is causal, and this layer is not")
    check_heads(query, key, value)
    own = getattr(module, SUBMODULE, None)
    hardware: Hardware = registered if own is None else own.hardware
    scalers = _untrained(query, key) if own is None else own.scalers
    groups = texts(attention_mask, query.shape[0], query.shape[2], key.shape[2])
    parts = [_attend(query, key, value, text, scalers, _narrowed(hardware, sliding_window, text)) for text in groups]
    out = parts[0]
    if len(groups) > 1:
        order = torch.tensor([row for text in groups for row in text.rows], device=query.device)
        out = torch.cat(parts)[order.argsort()]
    return out.transpose(1, 2).contiguous(), None


def _attend(
    query: Tensor, key: Tensor, value: Tensor, text: Text, scalers: TensorScalers, hardware: Hardware
) -> Tensor:
    """Attention of the rows of one `text`, as if they had no padding; 0 for queries that are padding."""
    if len(text.rows) < query.shape[0]:
        rows = torch.tensor(text.rows, device=query.device)
        query, key, value = query[rows], key[rows], value[rows]
    tokens = query.shape[2]
    first = max(text.first_query, text.padding)
    asking = query[:, :, first - text.first_query :]
    if asking.shape[2] == 0:
        return torch.zeros_like(query)
    # cells that no query can see need not be converted, and a static cache has slots that are not written yet
    oldest = max(text.first_key, text.padding, first - hardware.chain.window + 1)
    seen = slice(oldest - text.first_key, text.first_query + tokens - text.first_key)
    start = oldest - text.padding
    out = attend(asking, key[:, :, seen], value[:, :, seen], scalers, hardware, start)
    return torch.cat([torch.zeros_like(query[:, :, : tokens - out.shape[2]]), out], 2) if out.shape[2] < tokens else out


def _narrowed(hardware: Hardware, sliding_window: int | None, text: Text) -> Hardware:
    """`hardware` with the window of the network where it is the narrower one."""
    own = hardware.chain.window
    window = min(own, sliding_window or own, text.sliding_window or own)
    return hardware if window == own else replace(hardware, chain=replace(hardware.chain, window=window))


def _untrained(query: Tensor, key: Tensor) -> TensorScalers:
    warnings.warn(
        "gain-cell attention without scalers (a = 1; b = 0, for k and v 0.45 V): attach(network, scalers) gives them; "
        "weights that were never trained for it give noise",
        stacklevel=2,
    )
    return default_scalers(query.shape[1], key.shape[1])

"""Scalers as parameters of a transformers network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from gaincell_char.attention.scalers import Scalers, load_scalers, save_scalers
from gaincell_char.errors import InputError
from gaincell_char.integrations.torch.module import AnalogAttention
from gaincell_char.integrations.transformers.attention import SUBMODULE
from gaincell_char.integrations.transformers.registry import registered


def attach(network: Any, scalers: Scalers | str | Path | None = None, name: str = "gaincell") -> None:
    """Give every attention layer of `network` the circuit registered as `name`, with scalers as parameters.

    The parameters are `<layer>.gaincell.a.q`, ... `b.out`, of float32: optimizers and `state_dict` see them. From
    then on the network attends by `name`.

    Parameters
    ----------
    network: a causal decoder of transformers.
    scalers: of every layer, or their safetensors file; None: where training starts (a = 1, b = 0, 0.45 V for k and v).

    Raises
    ------
    InputError
        `name` is not registered; no attention layers; scalers of another number of layers or heads.
    """
    circuit = registered(name)
    layers = _attention_layers(network)
    given = load_scalers(scalers) if isinstance(scalers, str | Path) else scalers
    if given is not None and len(given) != len(layers):
        raise InputError(
            f"scalers: of {len(given)} layers; {type(network).__name__} has {len(layers)} attention layers"
        )
    for number, layer in enumerate(layers):
        heads = int(layer.config.num_attention_heads)
        stored = int(getattr(layer.config, "num_key_value_heads", None) or heads)
        own = None if given is None else given[number]
        module = AnalogAttention(circuit.model, heads, stored, own, **circuit.options)
        layer.add_module(SUBMODULE, module.to(next(layer.parameters()).device))
    network.set_attn_implementation(name)


def network_scalers(network: Any) -> Scalers:
    """The attached scalers of all layers, (n_head,) arrays. Raises `InputError` where none are attached."""
    modules = [getattr(layer, SUBMODULE, None) for layer in _attention_layers(network)]
    found = [module.layer_scalers() for module in modules if isinstance(module, AnalogAttention)]
    if len(found) < len(modules):
        raise InputError(f"{type(network).__name__}: it has no scalers; attach(network) gives it some")
    return found


def save_network_scalers(network: Any, path: str | Path) -> None:
    """Write the attached scalers as `gaincell adapt` does; raises as `network_scalers` and `save_scalers`."""
    save_scalers(network_scalers(network), path)


def _attention_layers(network: Any) -> list[Any]:
    """The self-attention modules, in the order of the layers."""
    found = [
        module
        for module in network.modules()
        if isinstance(module, torch.nn.Module)
        and hasattr(module, "layer_idx")
        and getattr(module, "is_causal", False)
        and not getattr(module, "is_cross_attention", False)
    ]
    if not found:
        raise InputError(f"{type(network).__name__}: no causal attention layers that gain-cell attention knows")
    return sorted(found, key=lambda module: int(module.layer_idx))

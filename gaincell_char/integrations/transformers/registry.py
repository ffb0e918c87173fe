"""Names under which transformers finds gain-cell attention, and the circuit that each name means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from transformers.masking_utils import AttentionMaskInterface
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS, AttentionInterface

from gaincell_char.behavior import BehavioralModel, load_model
from gaincell_char.errors import InputError
from gaincell_char.integrations.torch.hardware import Hardware, hardware
from gaincell_char.integrations.transformers.attention import attention_forward
from gaincell_char.integrations.transformers.places import places_mask


@dataclass(frozen=True)
class Registered:
    """A circuit with its options, and what they mean for tensors."""

    model: BehavioralModel
    options: dict[str, Any]
    hardware: Hardware


_CIRCUITS: dict[str, Registered] = {}


def register(
    model: BehavioralModel | str = "leroux2025",
    name: str = "gaincell",
    *,
    window: int = 1024,
    quantize: bool = True,
    decay: bool | float = True,
    decay_dtype: str = "float64",
    tiles: str = "absolute",
) -> None:
    """Make `attn_implementation=name` mean attention on the circuit of `model` (a bundled name, a file or a model).

    Works for causal decoders that call transformers' attention interface: GPT-2, Llama and those like them, with
    grouped heads, rotary positions (which the network applies before), sliding windows and any cache. The scale
    1/sqrt(D) is left out: the scalers take its place. Registering a name again changes what networks without attached
    scalers use from then on. Options are those of `gaincell_char.analog_attention`.

    Raises
    ------
    InputError
        No such model, an option out of its range, a name that transformers uses itself.
    """
    if name not in _CIRCUITS and (name == "eager" or name in ALL_ATTENTION_FUNCTIONS.valid_keys()):
        raise InputError(f"name: transformers has an attention {name!r} of its own; choose another")
    loaded = model if isinstance(model, BehavioralModel) else load_model(model)
    options: dict[str, Any] = {"window": window, "quantize": quantize, "decay": decay}
    options |= {"decay_dtype": decay_dtype, "tiles": tiles}
    _CIRCUITS[name] = Registered(loaded, options, hardware(loaded, **options))
    AttentionInterface.register(name, _forward(name))
    AttentionMaskInterface.register(name, places_mask)


def registered(name: str) -> Registered:
    """What `name` means. Raises `InputError` where nothing was registered under it."""
    if name not in _CIRCUITS:
        raise InputError(f"attention {name!r} is not registered; call register(model, name={name!r}) first")
    return _CIRCUITS[name]


def _forward(name: str) -> Callable[..., Any]:
    def forward(module: Any, query: Any, key: Any, value: Any, attention_mask: Any, **options: Any) -> Any:
        return attention_forward(_CIRCUITS[name].hardware, module, query, key, value, attention_mask, **options)

    return forward

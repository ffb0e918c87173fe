"""gaincell_char: from a transistor's width to a language model's perplexity.

    import gaincell_char as gc
    model = gc.load_model("leroux2025")
    out = gc.analog_attention(q, k, v, model)

The names below are loaded when they are first used; `import gaincell_char` alone costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gaincell_char.errors import GaincellError
from gaincell_char.version import __version__

if TYPE_CHECKING:
    from gaincell_char.adaptation import adapt
    from gaincell_char.attention import AnalogAttention, analog_attention
    from gaincell_char.behavior import BehavioralModel, load_model
    from gaincell_char.gpt2 import GPT2, load_gpt2

_HOMES = {
    "AnalogAttention": "attention",
    "BehavioralModel": "behavior",
    "GPT2": "gpt2",
    "adapt": "adaptation",
    "analog_attention": "attention",
    "load_gpt2": "gpt2",
    "load_model": "behavior",
}

__all__ = [
    "GPT2",
    "AnalogAttention",
    "BehavioralModel",
    "GaincellError",
    "__version__",
    "adapt",
    "analog_attention",
    "load_gpt2",
    "load_model",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)

"""Analog attention that trains, on CPU or GPU (extra `train`).

from gaincell_char.integrations.torch import AnalogAttention, analog_attention
"""

from gaincell_char.errors import EnvironmentFault

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise EnvironmentFault("torch is not installed; install gaincell_char[train]") from error

from gaincell_char.integrations.torch.attention import analog_attention
from gaincell_char.integrations.torch.module import AnalogAttention

__all__ = ["AnalogAttention", "analog_attention"]

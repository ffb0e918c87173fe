"""`attn_implementation="gaincell"`: decoders of the transformers library through gain-cell arrays (extra `train`).

from gaincell_char.integrations.transformers import attach, register
register("leroux2025")
network = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="gaincell")
attach(network, "scalers.safetensors")
"""

from gaincell_char.errors import EnvironmentFault

try:
    import transformers as _transformers  # noqa: F401
except ImportError as error:
    raise EnvironmentFault("transformers is not installed; install gaincell_char[train]") from error

from gaincell_char.integrations.transformers.attach import attach, network_scalers, save_network_scalers
from gaincell_char.integrations.transformers.registry import register

__all__ = ["attach", "network_scalers", "register", "save_network_scalers"]

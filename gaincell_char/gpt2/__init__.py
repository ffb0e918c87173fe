"""GPT-2 in NumPy, with the attention as an argument."""

from gaincell_char.gpt2.checkpoint import load_gpt2
from gaincell_char.gpt2.config import GPT2Config, load_config
from gaincell_char.gpt2.network import GPT2
from gaincell_char.gpt2.softmax import Attention, SoftmaxAttention

__all__ = ["GPT2", "Attention", "GPT2Config", "SoftmaxAttention", "load_config", "load_gpt2"]

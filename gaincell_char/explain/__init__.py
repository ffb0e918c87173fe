"""Where a circuit costs loss: token by token, layer by layer, head by head."""

from gaincell_char.explain.explanation import Explanation, explain, ideal_attention

__all__ = ["Explanation", "explain", "ideal_attention"]

"""Analog attention on a behavioral model: quantizers, scalers, the tiled products, and a cache for decoding."""

from gaincell_char.attention.analog import AnalogAttention, analog_attention
from gaincell_char.attention.cache import KVCache
from gaincell_char.attention.scalers import Scalers, default_scalers, load_scalers, save_scalers

__all__ = [
    "AnalogAttention",
    "KVCache",
    "Scalers",
    "analog_attention",
    "default_scalers",
    "load_scalers",
    "save_scalers",
]

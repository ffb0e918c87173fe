"""The figures of arXiv 2409.19315 (Nature Computational Science 5, 813-824, 2025), and GPUs beside them."""

from __future__ import annotations

from dataclasses import dataclass

from gaincell_char.cost.geometry import Geometry
from gaincell_char.cost.lines import Line

TILES = 16
"""Of the published head: a window of 1024 tokens in tiles of 64."""
HEADS = 12
LATENCY_S = 65e-9
KEY_PRODUCT_J, VALUE_PRODUCT_J = 1.12e-9, 0.70e-9
DIGITAL_J, DACS_J = 4.0e-9, 0.33e-9
GPU_CAVEAT = (
    "the paper took the GPUs' figures with one query and a causal flag, so a GPU may have done less work than was meant"
)


@dataclass(frozen=True)
class Gpu:
    """The same attention of one token (12 heads of width 64, 1024 tokens) on a GPU, and the ratios as printed."""

    name: str
    latency_s: float
    energy_J: float
    latency_ratio: float
    energy_ratio: float


GPUS = (
    Gpu("RTX 4090", 22.37e-6, 7.178e-3, 344, 97266),
    Gpu("Jetson Nano", 488.9e-6, 3.246e-3, 7521, 43981),
)


def published_lines(geometry: Geometry) -> list[Line]:
    """The four published energies; those of another number of tiles are proportional, which is assumed."""
    factor = geometry.tiles / TILES
    evidence = "published" if (geometry.window, geometry.tile) == (1024, 64) else "assumed"
    return [
        Line("arrays and converters, Q.K", "key", KEY_PRODUCT_J * factor, None, evidence, "proportional to tiles"),
        Line(
            "arrays and converters, phi.V", "value", VALUE_PRODUCT_J * factor, None, evidence, "proportional to tiles"
        ),
        *digital_lines(geometry),
    ]


def digital_lines(geometry: Geometry) -> list[Line]:
    """What this project has no circuit of."""
    factor = geometry.tiles / TILES
    evidence = "published" if (geometry.window, geometry.tile) == (1024, 64) else "assumed"
    return [
        Line("digital and routing", "other", DIGITAL_J * factor, None, evidence, "proportional to tiles"),
        Line("DACs", "other", DACS_J, None, "published", "the new token's"),
    ]

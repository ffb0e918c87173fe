"""What users call: one layer's attention on a behavioral model, and the attention of a whole network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.blas import Run, side_by_side
from gaincell_char.attention.cache import KVCache
from gaincell_char.attention.chain import INPUT_LEVELS, Chain, chain
from gaincell_char.attention.circuit import circuit
from gaincell_char.attention.effects import check_fidelity
from gaincell_char.attention.folded import TileSums
from gaincell_char.attention.newest import NewestQuery
from gaincell_char.attention.observation import InnerMoments, Observer, scaled_statistics
from gaincell_char.attention.quantizers import SMALLEST_GAIN, Raw, Source, converter, per_head
from gaincell_char.attention.scalers import LayerScalers, Scalers, check_layer, default_layer, load_scalers
from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.errors import InputError

Array = npt.NDArray[np.floating[Any]]


def analog_attention(
    q: Array,
    k: Array,
    v: Array,
    model: BehavioralModel,
    scalers: LayerScalers | None = None,
    window: int = 1024,
    quantize: bool = True,
    decay: bool | float = True,
    decay_dtype: str = "float64",
    tiles: str = "absolute",
    fidelity: str = "paper",
    effects: Iterable[str] | None = None,
    seed: int = 0,
    ir_drop: str = "fast",
) -> Array:
    """Gain-cell attention of raw projections q, k, v (B, H, T, D) -> (B, H, T, D), float32 or float64 as given.

    The equations of arXiv 2409.19315 with the cell of `model`: no 1/sqrt(D), no softmax; causal, over the last
    `window` tokens (the token itself included).

    Parameters
    ----------
    scalers: {"q": (a, b), "k": ..., "v": ..., "out": ...}, each (H,); None: a = 1, b = 0 (q, out), 0.45 V (k, v).
    quantize: 4 bit inputs, stored levels and 5 bit outputs; the clips stay when it is off.
    decay: True, the model's retention; False, none; a number, exponential with this lambda per token.
    decay_dtype: "float64", exact; "bfloat16" rounds the decay of the first product as the paper's training code does.
    tiles: "absolute", 64 tokens by their place in the text; "ring", by their slot in a ring buffer of `window`.
    fidelity: "paper", the equations; "circuit", with what was measured of the circuit (`attention.effects`).
    effects: of circuit fidelity, by name; None: all that `model` has measured.
    seed: of mismatch and noise.
    ir_drop: "fast" or "exact", how the effect ir-drop is computed.

    Raises
    ------
    InputError
        Shapes that do not fit, numbers that are not finite, an option out of its range, an effect that `model` has not
        measured.
    """
    attention = AnalogAttention(
        model,
        None if scalers is None else [scalers],
        window,
        quantize,
        decay,
        decay_dtype,
        tiles,
        fidelity=fidelity,
        effects=effects,
        seed=seed,
        ir_drop=ir_drop,
    )
    return attention(0, q, k, v)


class AnalogAttention:
    """The attention of all layers of one network on the cell of `model`.

    Parameters
    ----------
    scalers: of every layer, or the path of a safetensors file; None: the defaults of `analog_attention`.
    observe: called with the statistics that an adaptation needs (`attention.observation.Observer`).
    window, quantize, decay, decay_dtype, tiles, fidelity, effects, seed, ir_drop: as for `analog_attention`.

    Raises
    ------
    InputError
        An option out of its range, scalers that cannot be read, an effect that `model` has not measured.
    """

    def __init__(
        self,
        model: BehavioralModel,
        scalers: Scalers | str | Path | None = None,
        window: int = 1024,
        quantize: bool = True,
        decay: bool | float = True,
        decay_dtype: str = "float64",
        tiles: str = "absolute",
        observe: Observer | None = None,
        fidelity: str = "paper",
        effects: Iterable[str] | None = None,
        seed: int = 0,
        ir_drop: str = "fast",
    ) -> None:
        self.model = model
        self.chain: Chain = chain(
            model, window=window, quantize=quantize, decay=decay, decay_dtype=decay_dtype, tiles=tiles
        )
        check_fidelity(fidelity, effects, quantize, decay_dtype)
        if fidelity == "circuit":
            own = circuit(model, effects, window=window, decay=decay, tiles=self.chain.tiles, seed=seed, tier=ir_drop)
            self.chain = replace(self.chain, circuit=own)
        self._tile_sums = TileSums(self.chain)
        self._newest = NewestQuery(self.chain) if NewestQuery.fits(self.chain) else None
        self.scalers: Scalers | None = load_scalers(scalers) if isinstance(scalers, str | Path) else scalers
        self.observe = observe

    def __call__(self, layer: int, q: Array, k: Array, v: Array, cache: KVCache | None = None) -> Array:
        """Attention of `layer` over q, k, v (B, H, T, D) -> (B, H, T, D).

        With a cache q, k, v are of the tokens that follow those it holds; it keeps the stored levels, and their age is
        their distance in tokens.

        Raises
        ------
        InputError
            Shapes that do not fit each other, the scalers or the cache; numbers that are not finite.
        """
        _check(q, k, v)
        scalers = self._layer(layer, q.shape[1])
        inner = None if self.observe is None else InnerMoments(q.shape[1])
        out = per_head(*scalers["out"], q.dtype)
        with side_by_side() as run:
            sources, start = self._sources(layer, (q, k, v), scalers, cache, run)
            if self._newest is not None and inner is None and q.shape[2] == 1:
                return self._newest(sources, start, out)
            y = self._tile_sums(sources, start, layer, out if inner is None else None, inner, run)
        if self.observe is not None and inner is not None:
            self.observe(layer, "score", inner.score.statistics())
            self.observe(layer, "sum", inner.sum.statistics())
            self._report(layer, "out", y, scalers, (-np.inf, np.inf))
            y *= out[0]
            y += out[1]
        return y

    def _sources(
        self, layer: int, raw: tuple[Array, Array, Array], scalers: LayerScalers, cache: KVCache | None, run: Run
    ) -> tuple[tuple[Source, Source, Source], int]:  # fmt: skip
        """Of q, and of k and v with those in the cache; the position of the first k."""
        chain, sources = self.chain, []
        for name, x in zip("qkv", raw, strict=True):
            limits, count = ((0.0, 1.0), INPUT_LEVELS) if name == "q" else (chain.level_range_V, chain.stored_levels)
            self._report(layer, name, x, scalers, limits)
            convert = converter(*scalers[name], *limits, count if chain.quantize else None, x.dtype)
            sources.append(Raw(x, convert))
        q, k, v = sources
        if cache is None:
            return (q, k, v), 0
        keys, values, start = cache.append(layer, k.levels(run), v.levels(run), chain.window)
        return (q, keys, values), start

    def _report(
        self, layer: int, name: str, x: Array, scalers: LayerScalers, limits: tuple[float, float]
    ) -> None:  # fmt: skip
        if self.observe is not None:
            a, b = (np.asarray(part, float) for part in scalers[name])
            self.observe(layer, name, scaled_statistics(x, np.maximum(a, SMALLEST_GAIN), b, limits))

    def _layer(self, layer: int, heads: int) -> LayerScalers:
        if self.scalers is None:
            return default_layer(heads)
        if layer >= len(self.scalers):
            raise InputError(
                f"scalers: {len(self.scalers)} layers, and layer {layer} is asked for; use this network's own"
            )
        check_layer(self.scalers[layer], heads, f"scalers: layers.{layer}")
        return self.scalers[layer]


def _check(q: Array, k: Array, v: Array) -> None:
    for name, x in (("q", q), ("k", k), ("v", v)):
        if np.ndim(x) != 4 or 0 in np.shape(x):
            raise InputError(f"{name}: shape {np.shape(x)}; expected (B, H, T, D), each at least 1")
        if np.shape(x) != np.shape(q):
            raise InputError(f"{name}: shape {np.shape(x)}; expected that of q, {np.shape(q)}")
        if x.dtype not in (np.float32, np.float64) or x.dtype != q.dtype:
            raise InputError(f"{name}: dtype {x.dtype}; expected float32 or float64, the same for q, k and v")
        if not np.all(np.isfinite(x)):
            raise InputError(f"{name}: it holds numbers that are not finite")

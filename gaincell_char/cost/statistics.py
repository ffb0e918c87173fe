"""What the circuits are driven with when a network reads a text: levels, pulses and charges, as shares of all cells.

`python -m gaincell_char.cost.statistics` makes token_statistics.json beside the embedded network that was trained for
the linear hardware model: what that network does on held-out text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.analog import AnalogAttention
from gaincell_char.attention.cache import KVCache
from gaincell_char.attention.chain import INPUT_LEVELS, TILE_TOKENS
from gaincell_char.attention.quantizers import to_levels
from gaincell_char.attention.scalers import Scalers, load_scalers
from gaincell_char.behavior import load_model
from gaincell_char.behavior.energy import Histogram, TokenStatistics
from gaincell_char.behavior.json_text import render
from gaincell_char.keys import publish
from gaincell_char.paths import data_folder

Array = npt.NDArray[np.floating[Any]]
Counts = npt.NDArray[np.float64]
FILE = "token_statistics.json"
NETWORK, MODEL = "embedded/linear-hardware", "leroux2025_linear"
SEQUENCES, LENGTH = 8, 1024
_EDGES = np.round(np.arange(-2.0, 2.0625, 0.0625), 4)


class Observed:
    """An attention that counts on its way what its circuits are driven with.

    Queries of the first half of a sequence are left out: their window is not even half full.
    """

    def __init__(self, inner: AnalogAttention, scalers: Scalers) -> None:
        self._inner, self._scalers = inner, scalers
        self.queries = 0
        self.query_key: Counts = np.zeros((INPUT_LEVELS, inner.chain.stored_levels))
        self.value_pulse: Counts = np.zeros(inner.chain.stored_levels)
        self.score: Counts = np.zeros(_EDGES.size - 1)
        self.tile_sum: Counts = np.zeros(_EDGES.size - 1)

    def __call__(self, layer: int, q: Array, k: Array, v: Array, cache: KVCache | None = None) -> Array:
        """As `AnalogAttention`: q, k, v (B, H, T, D)."""
        chain, scalers = self._inner.chain, self._scalers[layer]
        low, high = chain.level_range_V
        Q = to_levels(q, *scalers["q"], 0.0, 1.0, INPUT_LEVELS)
        K, V = (to_levels(x, *scalers[name], low, high, chain.stored_levels) for x, name in ((k, "k"), (v, "v")))
        for batch in range(q.shape[0]):
            for head in range(q.shape[1]):
                self.add(*(x[batch, head].astype(np.float64) for x in (Q, K, V)))
        return self._inner(layer, q, k, v, cache)

    def add(self, Q: Array, K: Array, V: Array) -> None:
        """Count one head by the paper's equations: pulses Q (T, D) in 0..1, stored K, V (T, D) in volts."""
        chain, tokens = self._inner.chain, len(Q)
        queries = np.arange(tokens // 2, tokens)
        age = queries[:, None] - np.arange(tokens)
        seen, age = age >= 0, np.maximum(age, 0)
        q_code = np.rint(Q[queries] * (INPUT_LEVELS - 1))
        k_code, v_code = (self._one_hot(x) for x in (K, V))
        held = np.cumsum(k_code, axis=0)[queries]  # cells of each level that a query sees in each dimension
        for code in range(INPUT_LEVELS):
            self.query_key[code] += held[q_code == code].sum(axis=0)
        laws = chain.key_law, chain.value_law
        decays = [law.age_terms(age) for law in laws]
        keys, values = (law.level_terms(x) for law, x in zip(laws, (K, V), strict=True))
        score = sum(g * (Q[queries] @ f.T) for g, f in zip(decays[0], keys, strict=True)) / chain.score_scale
        pulse = np.where(seen, np.clip(score, 0.0, 1.0), 0.0)
        self.score += _counted(score[seen])
        self.value_pulse += pulse.sum(axis=0) @ v_code.sum(axis=1)
        for first in range(0, tokens, TILE_TOKENS):
            tile, among = slice(first, first + TILE_TOKENS), queries >= first
            read = [(pulse * g)[among, tile] @ f[tile] for g, f in zip(decays[1], values, strict=True)]
            self.tile_sum += _counted(sum(read) / chain.current_scale)
        self.queries += queries.size

    def _one_hot(self, stored_V: Array) -> npt.NDArray[np.bool_]:
        """Which level each cell holds: (T, D) -> (T, D, levels)."""
        low, high = self._inner.chain.level_range_V
        levels = np.arange(self._inner.chain.stored_levels)
        step = (high - low) / (levels.size - 1)
        held: npt.NDArray[np.bool_] = np.rint((stored_V - low) / step)[:, :, None] == levels
        return held

    def statistics(self, source: str) -> TokenStatistics:
        """Counts as shares."""
        cells = self.query_key.sum()
        return TokenStatistics(
            source=source,
            queries=self.queries,
            query_key=_rounded(self.query_key / cells),
            score=_histogram(self.score),
            value_pulse=_rounded(self.value_pulse / cells),
            tile_sum=_histogram(self.tile_sum),
        )


def _counted(values: Array) -> Counts:
    """How many of `values` are in each bin; those beyond are in the outermost."""
    inside = np.clip(values, _EDGES[0], _EDGES[-1])
    return np.histogram(inside, _EDGES)[0].astype(float)


def _rounded(shares: Counts) -> Any:
    return np.round(shares, 9).tolist()


def _histogram(counts: Counts) -> Histogram:
    """Without the empty bins at both ends."""
    filled = np.flatnonzero(counts)
    inside = slice(filled[0], filled[-1] + 1)
    return Histogram(edges=_EDGES[filled[0] : filled[-1] + 2].tolist(), shares=_rounded(counts[inside] / counts.sum()))


def observe(sequences: int = SEQUENCES) -> TokenStatistics:
    """Statistics of the embedded network on `sequences` held-out sequences of 1024 tokens.

    Raises
    ------
    EnvironmentFault
        The held-out text is not all there.
    """
    from gaincell_char.evaluation.held_out import held_out_ids
    from gaincell_char.gpt2 import load_gpt2
    from gaincell_char.gpt2.hardware import SCALERS_FILE

    lm = load_gpt2(NETWORK)
    scalers = load_scalers(data_folder("models") / NETWORK / SCALERS_FILE)
    observed = Observed(AnalogAttention(load_model(MODEL), scalers), scalers)
    for ids in held_out_ids(lm.tokenizer, sequences, LENGTH):
        lm.logits(ids[None], attention=observed)
    return observed.statistics(
        f"{NETWORK} with {MODEL}, {sequences} held-out sequences of {LENGTH} tokens, queries of their second halves"
    )


def write(folder: Path) -> Path:
    """Write the statistics of today's network to `folder`."""
    path = folder / FILE
    publish(path, render(observe().model_dump(mode="json")).encode())
    return path


if __name__ == "__main__":
    print(write(data_folder("models") / NETWORK))

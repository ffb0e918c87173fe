"""What resistive wires take from a network's value columns, tier by tier: how far `fast` may be trusted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.array import tile
from gaincell_char.attention.chain import STEPS
from gaincell_char.behavior import BehavioralModel
from gaincell_char.errors import GaincellError
from gaincell_char.pipeline import work
from gaincell_char.studies.change import Change, ChangedAttention

Array = npt.NDArray[np.floating[Any]]
VERSION = 1
QUERIES, EVERY = 4, 4
"""Of each tile, the queries that send it the longest pulses in sum, and every fourth column: an exact column takes
milliseconds, more with more rows."""


def compare(inputs: work.Inputs, products: work.Products) -> bytes:
    """JSON: for every tile size and multiple of the wires' resistance, a line of `distances`.

    Columns are those of the last whole tile of the first head of every layer, over one held-out sequence.
    """
    from safetensors.numpy import load

    from gaincell_char.adaptation import trained_scalers
    from gaincell_char.behavior.store import read_model
    from gaincell_char.gpt2 import load_gpt2

    lm = load_gpt2(inputs["weights"])
    model = read_model(inputs["model"], "study")
    ids = load(products["corpus"])["held_out"][:1]
    lines = []
    for rows in inputs["tiles"]:
        seen: list[tuple[Array, Array]] = []

        def observe(volts: Array, pulses: Array, seen: list[tuple[Array, Array]] = seen) -> None:
            seen.append((volts[:, ::EVERY].astype(float), pulses.astype(float)))

        lm.hidden(ids, ChangedAttention(model, trained_scalers(lm), Change(tile=rows), observe=observe))
        a_layer = len(seen) // lm.config.n_layer
        a_head = a_layer // lm.config.n_head
        picked = [seen[layer * a_layer + a_head - 1] for layer in range(lm.config.n_layer)]
        for factor in inputs["factors"]:
            lines.append({"tile": rows, "wires": factor, **distances(with_wires(model, factor), picked)})
    return json.dumps(lines).encode()


def with_wires(model: BehavioralModel, factor: float) -> BehavioralModel:
    """`model` with `factor` times the resistance of its bit lines and rails."""
    assert model.array is not None
    wires = model.array.wires
    resistances = {name: factor * getattr(wires, name) for name in ("bl_resistance_ohm", "rail_resistance_ohm")}
    array = model.array.model_copy(update={"wires": wires.model_copy(update=resistances)})
    return model.model_copy(update={"name": f"{model.name}-wires-{factor:g}", "array": array})


def distances(model: BehavioralModel, tiles: Sequence[tuple[Array, Array]]) -> dict[str, Any]:
    """rms and largest distance of `ideal` and `fast` charges from `exact` ones, in steps of the counter.

    `tiles`: stored voltages (rows, columns) and pulses in T_max (rows, queries). Where a wire moves farther than the
    cells' currents were measured, `beyond` says so and there is no exact charge.
    """
    wires, step = tile(model), model.signed_charge_to_pulse.full_scale_units / STEPS
    lost: dict[str, list[Array]] = {"fast": [], "exact": []}
    for volts, pulses in tiles:
        longest = np.sort(np.argsort(pulses.sum(axis=0))[-QUERIES:])
        try:
            for tier, taken in lost.items():
                taken.append(wires.correction(volts, pulses[:, longest], tier).ravel() / step)
        except GaincellError as error:
            return {"beyond": str(error)}
    fast, exact = (np.concatenate(lost[tier]) for tier in ("fast", "exact"))
    return {"columns": exact.size, "ideal": _size(exact), "fast": _size(fast - exact)}


def _size(difference: Array) -> dict[str, float]:
    rms = float(np.sqrt(np.mean(difference**2)))
    return {"rms": round(rms, 6), "largest": round(float(np.abs(difference).max()), 6)}

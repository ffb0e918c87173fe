"""What the wires cost a layer, in time and in charge: `python benchmarks/ir_drop_layer.py --help`.

Time: a layer of GPT-2 small on random numbers with ideal wires and with the fast tier of IR drop, alone and among all
effects that the model has. They take turns, so that a busy machine slows all of them; the ratios are those of the
rounds, their median, of the wall time and of the processor's. Set OMP_NUM_THREADS=1 and OPENBLAS_NUM_THREADS=1 for one
thread.

Charge: some columns of the layer's tiles, keys and values, for some of its queries, at several resistances. What the
exact tier adds to ideal wires is what ignoring IR drop costs; beside it, how much of that the fast tier leaves.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

import gaincell_char as gc
from gaincell_char.array import Tile, tile
from gaincell_char.attention import AnalogAttention
from gaincell_char.attention.effects import measured_effects
from gaincell_char.attention.wires import KEY_MODES, VALUE_MODES
from gaincell_char.behavior import BehavioralModel
from gaincell_char.behavior.schema import Wires

Array = NDArray[np.float64]
WIRES = ((1.5, 0.5), (5.0, 0.5), (5.0, 2.0), (10.0, 2.0), (10.0, 5.0))
"""Ohm of a segment of the bit line and of a rail."""
TILE = 64


def layer(heads: int, tokens: int) -> tuple[NDArray[np.float32], ...]:
    """q, k, v that fill the inputs, the stored levels and the converters' range."""
    draw = np.random.default_rng(0)
    shape = 1, heads, tokens, 64
    return tuple(draw.normal(mean, 0.3, shape).astype(np.float32) for mean in (0.5, 0.0, 0.0))


def contestants(model: BehavioralModel) -> dict[str, tuple[AnalogAttention, AnalogAttention | None]]:
    """Name -> the layer with ideal wires, and with resistive ones."""
    every = [effect for effect in measured_effects(model) if effect != "ir-drop"]
    pairs: dict[str, tuple[AnalogAttention, AnalogAttention | None]] = {
        name: (
            AnalogAttention(model, fidelity="circuit", effects=others),
            AnalogAttention(model, fidelity="circuit", effects=[*others, "ir-drop"]),
        )
        for name, others in (
            ("IR drop alone", []),
            ("with pulse-charge", ["pulse-charge"]),
            ("among all effects", every),
        )
    }
    return pairs | {"paper fidelity": (AnalogAttention(model), None)}


def clocked(call: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor time, ms."""
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return 1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - processor)


def times(
    model: BehavioralModel, q: NDArray[np.float32], k: NDArray[np.float32], v: NDArray[np.float32], repeats: int
) -> None:
    pairs = contestants(model)
    spent: dict[str, list[tuple[tuple[float, float], tuple[float, float]]]] = {name: [] for name in pairs}
    for turn in range(repeats + 1):
        for name, (ideal, wired) in pairs.items():
            one = clocked(lambda: ideal(0, q, k, v))  # noqa: B023
            two = clocked(lambda: wired(0, q, k, v)) if wired is not None else one  # type: ignore[misc]  # noqa: B023
            if turn:
                spent[name].append((one, two))
    print(f"{'ms, wall / processor, medians':32}{'ideal wires':>20}{'fast IR drop':>20}{'ratio':>16}")
    for name, rounds in spent.items():
        table = np.array(rounds)
        ideal, wired, ratio = (np.median(x, axis=0) for x in (table[:, 0], table[:, 1], table[:, 1] / table[:, 0]))
        line = f"{name:32}{ideal[0]:10.0f} /{ideal[1]:8.0f}"
        print(line + (f"{wired[0]:10.0f} /{wired[1]:8.0f}{ratio[0]:8.2f} /{ratio[1]:6.2f}" if pairs[name][1] else ""))


def some_columns(
    model: BehavioralModel, q: NDArray[np.float32], k: NDArray[np.float32], v: NDArray[np.float32], count: int
) -> list[tuple[str, Array, Array]]:
    """(which product, stored V (rows, columns), pulses (rows, queries)) of `count` tiles: eight columns, eight queries.

    Queries come after the tile, so that they see all of it; their pulses into the V tile are those of ideal wires.
    """
    draw, found = np.random.default_rng(1), []
    step = model.cell.level_range_V[1] / (model.cell.n_levels - 1)
    codes = np.rint(np.clip(q[0], 0, 1) * 15) / 15
    keys, values = (np.rint(np.clip(x[0] + 0.45, 0, 0.9) / step) * step for x in (k, v))
    for _ in range(count):
        head, number = draw.integers(q.shape[1]), draw.integers(q.shape[2] // TILE - 1)
        tokens = slice(TILE * number, TILE * (number + 1))
        asked = codes[head, draw.integers(tokens.stop, q.shape[2], 8)].T.astype(float)
        columns = np.sort(draw.permutation(64)[:8])
        stored = keys[head, tokens].T.astype(float)
        scores = model.cell.current(stored).T @ asked / model.cell.unit_current_A
        found.append(("scores", stored[:, columns], asked))
        pulses = np.clip(scores / model.charge_to_pulse.full_scale_units, 0, 1)
        found.append(("currents", values[head, tokens][:, columns].astype(float), pulses))
    return found


def errors(model: BehavioralModel, columns: list[tuple[str, Array, Array]]) -> None:
    print(f"{'bit line / rail, ohm':24}{'product':>10}{'ignored, of full scale':>32}{'left by the fast tier':>24}")
    full = {
        "scores": model.charge_to_pulse.full_scale_units,
        "currents": model.signed_charge_to_pulse.full_scale_units,
    }
    for bl_ohm, rail_ohm in WIRES:
        wired = tile(model, wires(bl_ohm, rail_ohm))
        for product in full:
            both = [lost(wired, *each) for each in columns if each[0] == product]
            exact, apart = (np.concatenate([x.ravel() for x in part]) for part in zip(*both, strict=True))
            size, left = rms(exact), rms(apart)
            print(
                f"{bl_ohm:8g} / {rail_ohm:<13g}{product:>10}{size / full[product]:20.2e} rms"
                f"{np.abs(exact).max() / full[product]:9.1e} max{left / size:12.4f} = 1/{size / left:.0f}"
            )


def lost(wired: Tile, product: str, stored: Array, pulses: Array) -> tuple[Array, Array]:
    """What the exact tier adds, and how far the fast one is from it."""
    exact = wired.correction(stored, pulses, "exact")
    modes = KEY_MODES if product == "scores" else VALUE_MODES
    return exact, wired.correction(stored, pulses, "fast", modes=modes) - exact


def rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))


def wires(bl_ohm: float, rail_ohm: float) -> Wires:
    return Wires(
        bl_resistance_ohm=bl_ohm,
        bl_capacitance_F=0.0,
        wl_resistance_ohm=0.0,
        wl_capacitance_F=0.0,
        rail_resistance_ohm=rail_ohm,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="cmos28", help="a model with an array section (default: cmos28)")
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--tiles", type=int, default=12, help="of which columns are solved exactly (default: 12)")
    given = parser.parse_args()
    model = gc.load_model(given.model)
    q, k, v = layer(given.heads, given.tokens)
    threads = {name: os.environ.get(name, "not set") for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    print(
        f"{q.shape} float32, numpy {np.__version__}, {threads}, load {os.getloadavg()[0]:.1f}, {given.repeats} rounds"
    )
    times(model, q, k, v, given.repeats)
    errors(model, some_columns(model, q, k, v, given.tiles))


if __name__ == "__main__":
    main()

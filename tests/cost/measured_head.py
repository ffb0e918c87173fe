"""A made-up circuit with energies, what drives it, and the sweeps that it was made from; every figure another one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from synthetic_circuit import piecewise, synthetic

from gaincell_char.behavior.schema import BehavioralModel, Histogram, TokenStatistics
from gaincell_char.fit.energy import fit_energy
from gaincell_char.sweep.dataset import Dataset

LEVELS_V = np.linspace(0, 0.9, 8)
RAIL_W = 1e-6 * np.array([9.0, 7.0, 5.0, 3.0, 2.0, 1.0, 0.5, 0.1])
RAIL_J = 1e-17 * np.arange(1.0, 9.0)
DRIVER_J = np.array([2e-14, *(9e-14 + 1e-15 * (n % 4) for n in range(1, 16))])
BUFFER_J = 6e-14
CONTROL_J = {"key": 2e-14, "value": 1e-14}
REFERENCE_J = {"key": 5e-13, "value": 9e-13}
REST_W = {"key": 9e-6, "value": 1.1e-5}
OPENING_S = {"relu": 3.2e-9, "signed": 3.0e-9}
CHARGES = {"key": np.array([-2.0, 0.4]), "value": np.array([-0.3, 0.3])}
"""Of tile_energy.key and .value, in full scales: the first lies below the transfer of the ReLU converter."""
CONVERSION_J = {"key": np.array([2e-13, 9e-13]), "value": np.array([8e-13, 8e-13])}


def statistics(seed: int = 5) -> TokenStatistics:
    """Shares of no regular shape."""
    draw = np.random.default_rng(seed)

    def shares(*shape: int) -> Any:
        values = draw.random(shape)
        return values / values.sum()

    edges = np.linspace(-2, 2, 17)
    return TokenStatistics(
        source="drawn from a seed",
        queries=7,
        query_key=shares(16, 8).tolist(),
        score=Histogram(edges=edges.tolist(), shares=shares(16).tolist()),
        value_pulse=(0.2 * shares(8)).tolist(),
        tile_sum=Histogram(edges=edges.tolist(), shares=shares(16).tolist()),
    )


def circuit() -> BehavioralModel:
    """The synthetic circuit, its converters with energies: a bend at 0, straight between -1 and 1.5 full scales."""
    model = synthetic()
    converters = {}
    for name, low, middle, high in (
        ("charge_to_pulse", 3e-13, 4e-13, 6e-13),
        ("signed_charge_to_pulse", 5e-13, 4.5e-13, 5.5e-13),
    ):
        converter = getattr(model, name)
        full = converter.full_scale_C
        rows = [[low, (middle - low) / full], [middle, (high - middle) / (1.5 * full)]]
        energy = piecewise([-full, 0.0, 1.5 * full], rows, "C", "J")
        transfers = [transfer.model_copy(update={"energy_J": energy}) for transfer in converter.transfers]
        converters[name] = converter.model_copy(update={"transfers": transfers})
    return model.model_copy(update=converters)


def datasets(model: BehavioralModel) -> dict[str, Dataset]:
    """The sweeps that energy and latency need beside the model's sections."""
    pulses = np.array([1e-9, 6e-9, 15e-9])
    cells = {
        "v_store_V": np.repeat(LEVELS_V, 3),
        "pulse_s": np.tile(pulses, 8),
        "rail_J": (RAIL_W[:, None] * pulses + RAIL_J[:, None]).ravel(),
    }
    full = {"key": model.charge_to_pulse.full_scale_C, "value": model.signed_charge_to_pulse.full_scale_C}
    tiles = {
        f"tile_energy_{name}": {
            "charge_C": CHARGES[name] * full[name],
            "energy_J": CONVERSION_J[name],
            "control_J": np.full(2, CONTROL_J[name]),
            "reference_J": np.full(2, REFERENCE_J[name]),
            "rest_W": np.full(2, REST_W[name]),
        }
        for name in ("key", "value")
    }
    drivers = {"level": np.arange(16.0)[::-1], "energy_J": DRIVER_J[::-1]}
    tables: dict[str, dict[str, Any]] = {
        "tile_energy_cells": cells,
        **tiles,
        "word_line_driver_widths": drivers,
        "word_line_driver_buffer": {"width_s": pulses, "energy_J": np.full(3, BUFFER_J)},
        "charge_to_pulse": {"opening_s": np.full(3, OPENING_S["relu"])},
        "signed_charge_to_pulse": {"opening_s": np.array([2.9e-9, OPENING_S["signed"]])},
    }
    return {spec: dataset(table) for spec, table in tables.items()}


def dataset(table: dict[str, Any]) -> Dataset:
    """`table` at the nominal condition."""
    where = {"corner": "tt", "temperature_C": 27.0, "vdd_V": 0.9, "status": "ok", "reason": ""}
    parameters = {
        "signed_charge_to_pulse.latch_s": 1.1e-9,
        "charge_to_pulse.reset_s": 8e-9,
        "signed_charge_to_pulse.reset_s": 7e-9,
    }
    return Dataset(pd.DataFrame(table).assign(**where), {"testbench": "made.up", "parameters": parameters})


def head() -> BehavioralModel:
    """`circuit` with its energy."""
    model = circuit()
    return model.model_copy(update={"energy": fit_energy(model, statistics(), datasets(model))})

"""What a token costs in one head: measured energies of its circuits, at what a network drives them with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from gaincell_char.behavior.energy import Energy, EnergyPart, Histogram, Product, TokenStatistics
from gaincell_char.behavior.schema import BehavioralModel, Condition, Converter
from gaincell_char.errors import InputError
from gaincell_char.fit import grids
from gaincell_char.fit.grids import Array
from gaincell_char.paths import data_folder
from gaincell_char.sweep.dataset import Dataset

TILES, TILE_TOKENS, HEAD_WIDTH = 16, 64, 64
"""Of the published head: 1024 tokens, a column of a key tile and a row of a value tile each; 64 numbers a token."""
CELLS_A_LINE = 64
"""On a read word line of the word-line driver's testbenches."""
RELU, SIGNED, COUNTERS = "ReLU converters", "signed converters", "counters"
SPECS = (
    "tile_energy_cells",
    "tile_energy_key",
    "tile_energy_value",
    "word_line_driver_widths",
    "word_line_driver_buffer",
)
EXCLUDED = [
    "adder of the tiles' partial sums",
    "DACs of the stored levels",
    "routing between tiles and heads",
    "clocks: of the word-line drivers, the fast clock of the counters, the timers of the windows",
    "wires of reset, latch and enable; word lines of the write",
    "converters at rest between two conversions (idle_W)",
]
_COUNTS = {
    ("key", "cell"): TILES * TILE_TOKENS * HEAD_WIDTH,
    ("key", "row"): TILES * HEAD_WIDTH,
    ("key", "column"): TILES * TILE_TOKENS,
    ("key", "tile"): TILES,
    ("value", "cell"): TILES * TILE_TOKENS * HEAD_WIDTH,
    ("value", "row"): TILES * TILE_TOKENS,
    ("value", "column"): TILES * HEAD_WIDTH,
    ("value", "tile"): TILES,
    ("write", "cell"): 2 * HEAD_WIDTH,
}

Points = tuple[Array, Array]


def bundled_statistics() -> TokenStatistics:
    """What the embedded network that was trained for the linear hardware model drives its circuits with."""
    path = data_folder("models") / "embedded" / "linear-hardware" / "token_statistics.json"
    return TokenStatistics.model_validate_json(path.read_bytes())


@dataclass(frozen=True)
class _Measured:
    """Figures of `SPECS` at one condition. A cell's rail gives slope_W x pulse + fixed_J, by its level (8,)."""

    slope_W: Array
    fixed_J: Array
    driver_J: Array
    buffer_J: float
    control_J: dict[str, float]
    reference_J: dict[str, float]
    rest_W: dict[str, float]
    conversions: dict[str, Points]
    """Charges (C) and energies (J) of conversions, beyond those of the transfer too."""


def fit_energy(model: BehavioralModel, statistics: TokenStatistics, datasets: Mapping[str, Dataset]) -> Energy:
    """The section `energy` at the model's condition, from its other sections and the datasets of `SPECS`.

    No energy is in two parts. Each part is what supplies of its own give in the testbenches: a cell is charged what its
    rail gives; what it sinks from the bit line comes through the integrator's capacitor, and is the converter's.

    Raises
    ------
    InputError
        A section or a dataset is missing, or was not measured at the model's condition.
    """
    if missing := [spec for spec in SPECS if spec not in datasets]:
        raise InputError(f"energy: datasets of {', '.join(missing)} are missing; it needs {', '.join(SPECS)}")
    measured = _measured({spec: grids.at_condition(datasets[spec], model.condition)[1] for spec in SPECS})
    columns = TILES * TILE_TOKENS, TILES * HEAD_WIDTH
    return Energy(
        condition=model.condition,
        tiles=TILES,
        statistics=statistics,
        parts=[
            *_key(model, statistics, measured),
            *_value(model, statistics, measured),
            *_write(model),
        ],
        idle_W=sum(count * measured.rest_W[name] for count, name in zip(columns, ("key", "value"), strict=True)),
        excluded=EXCLUDED,
    )


def _measured(rows: Mapping[str, pd.DataFrame]) -> _Measured:
    slopes, rests = [], []
    for _, level in grids.split(rows["tile_energy_cells"], ["v_store_V"]):
        slope, rest = np.polyfit(level["pulse_s"].to_numpy(float), level["rail_J"].to_numpy(float), 1)
        slopes.append(slope)
        rests.append(rest)
    conversions = {product: rows[f"tile_energy_{product}"] for product in ("key", "value")}
    tiles = {product: table.mean(numeric_only=True) for product, table in conversions.items()}
    levels = rows["word_line_driver_widths"].sort_values("level")
    return _Measured(
        slope_W=np.array(slopes),
        fixed_J=np.array(rests),
        driver_J=levels["energy_J"].to_numpy(float),
        buffer_J=float(rows["word_line_driver_buffer"]["energy_J"].mean()),
        control_J={name: float(tile["control_J"]) for name, tile in tiles.items()},
        reference_J={name: float(tile["reference_J"]) for name, tile in tiles.items()},
        rest_W={name: float(tile["rest_W"]) for name, tile in tiles.items()},
        conversions={
            name: (table["charge_C"].to_numpy(float), table["energy_J"].to_numpy(float))
            for name, table in conversions.items()
        },
    )


def _key(model: BehavioralModel, statistics: TokenStatistics, measured: _Measured) -> list[EnergyPart]:
    if model.word_line_driver is None:
        raise InputError("energy: the model has no word_line_driver; fit that section first")
    widths_s = np.array(model.word_line_driver.widths_s)
    shares = np.array(statistics.query_key)
    of_level = shares.sum(axis=1)
    on = (np.arange(of_level.size) > 0).astype(float)
    cells_J = measured.slope_W * widths_s[:, None] + measured.fixed_J * on[:, None]
    line_J = measured.buffer_J / CELLS_A_LINE
    logic_J = measured.driver_J - on * measured.buffer_J
    conversion = conversion_J(model.charge_to_pulse, model.condition, statistics.score, measured.conversions["key"])
    return [
        _part("cells, key", "key", "cell", (float((shares * cells_J).sum()), float(cells_J.max())), "measured",
              "what the rails of the cells give during query pulses"),
        _part("word lines, key", "key", "cell", (line_J * float(of_level @ on), line_J), "measured",
              "both read word lines of a cell and their last drivers"),
        _part("word-line drivers", "key", "row", (float(of_level @ logic_J), float(logic_J.max())), "calculated",
              "a driver with its line, less a buffer with the same line"),
        _part(RELU, "key", "column", conversion, "measured", "from reset to the end of the window"),
        *_shared("key", measured, "the zero-charge column"),
    ]  # fmt: skip


def _value(model: BehavioralModel, statistics: TokenStatistics, measured: _Measured) -> list[EnergyPart]:
    t_max_s = model.charge_to_pulse.t_max_s
    weight = np.array(statistics.value_pulse)
    pulsed = positive_share(statistics.score)
    cells_J = float(weight @ measured.slope_W) * t_max_s + pulsed * float(measured.fixed_J.mean())
    largest_J = float((measured.slope_W * t_max_s + measured.fixed_J).max())
    converter, sums = model.signed_charge_to_pulse, statistics.tile_sum
    conversion = conversion_J(converter, model.condition, sums, measured.conversions["value"])
    return [
        _part("cells, value", "value", "cell", (max(cells_J, 0.0), largest_J), "measured",
              "what the rails of the cells give during ReLU pulses"),
        _part("word-line buffers", "value", "row", (pulsed * measured.buffer_J, measured.buffer_J), "measured",
              "a ReLU pulse onto both read word lines of 64 cells"),
        _part(SIGNED, "value", "column", conversion, "measured", "from reset to the end of the windows"),
        _part(COUNTERS, "value", "column", count_J(model, model.condition, sums), "measured",
              "reset to bits, with the count clocks of both signs"),
        *_shared("value", measured, "both zero-charge columns"),
    ]  # fmt: skip


def reference_name(product: str) -> str:
    """The name of the part that a tile's zero-charge columns are."""
    return f"references, {product}"


def _shared(product: Product, measured: _Measured, what: str) -> list[EnergyPart]:
    control, reference = measured.control_J[product], measured.reference_J[product]
    return [
        _part(f"control lines, {product}", product, "column", (control, control), "measured",
              "gates on reset, latch and enable"),
        _part(reference_name(product), product, "tile", (reference, reference), "measured", what),
    ]  # fmt: skip


def _write(model: BehavioralModel) -> list[EnergyPart]:
    if model.write_driver is None:
        raise InputError("energy: the model has no write_driver; fit that section first")
    energy = model.write_driver.energy_per_write_J
    return [
        _part("write drivers", "write", "cell", (energy, energy), "measured",
              "supplies, references and hold voltage, mean over levels; keys and values of the new token")
    ]  # fmt: skip


def _part(
    name: str,
    product: Product,
    per: Literal["cell", "row", "column", "tile"],
    typical_largest_J: tuple[float, float],
    evidence: Literal["measured", "calculated"],
    meaning: str,
) -> EnergyPart:
    typical, largest = typical_largest_J
    count = _COUNTS[product, per]
    return EnergyPart(
        name=name, product=product, per=per, energy_J=typical, largest_J=largest, count=count, evidence=evidence,
        meaning=meaning,
    )  # fmt: skip


def conversion_J(
    converter: Converter, condition: Condition, charges: Histogram, more: Points | None = None
) -> tuple[float, float]:
    """Energy of a conversion (J): mean over `charges`, in full scales, and the largest.

    Straight between the transfer's points, and those of `more` that lie outside them; beyond all, as at the last.

    Raises
    ------
    InputError
        The converter's energy was not measured at `condition`.
    """
    transfer = converter.transfer(condition)
    if transfer is None or transfer.energy_J is None or converter.full_scale_C is None:
        raise InputError(f"energy: the model has no energy of its converters at {condition}")
    charge_C = np.array(transfer.energy_J.knots)
    spent_J = transfer.energy_J(charge_C)
    if more is not None:
        outside = (more[0] < charge_C[0]) | (more[0] > charge_C[-1])
        charge_C, spent_J = (np.concatenate((a, b[outside])) for a, b in zip((charge_C, spent_J), more, strict=True))
        order = np.argsort(charge_C)
        charge_C, spent_J = charge_C[order], spent_J[order]
    mean = np.dot(charges.shares, np.interp(centers(charges) * converter.full_scale_C, charge_C, spent_J))
    return float(mean), float(spent_J.max())


def count_J(model: BehavioralModel, condition: Condition, charges: Histogram) -> tuple[float, float]:
    """Energy of a counter in a conversion (J): mean over `charges`, in full scales, and the largest.

    Raises
    ------
    InputError
        Counter or converter were not measured at `condition`.
    """
    counter, converter = model.pulse_counter, model.signed_charge_to_pulse
    figures = None if counter is None else counter.at(condition)
    transfer = converter.transfer(condition)
    if counter is None or figures is None or transfer is None or converter.full_scale_C is None:
        raise InputError(f"energy: the model has no pulse counter at {condition}")
    width_s = np.abs(transfer.pulse_s(centers(charges) * converter.full_scale_C))
    count = np.minimum(width_s / counter.clock_period_s, counter.largest_count)
    fixed, step = figures.energy_per_conversion_J, figures.energy_per_count_J
    return fixed + step * float(np.dot(charges.shares, count)), fixed + step * counter.largest_count


def centers(histogram: Histogram) -> Array:
    """The middle of each bin."""
    edges: Array = np.array(histogram.edges)
    return edges[:-1] + np.diff(edges) / 2


def positive_share(histogram: Histogram) -> float:
    """Share of values above zero, which must be an edge."""
    return float(np.dot(histogram.shares, centers(histogram) > 0))

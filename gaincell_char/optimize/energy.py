"""What a token costs with another cell: the parts of the account that hang on the cell, the others as they were.

Two answers, as for the loss. *frozen*: the converters are those of the nominal cell, so a weaker cell gives them less
charge. *scaled*: every width and capacitor of the converters follows the cell's current, so charges over full scales,
voltages and times stay and their energy goes with the current (impedance scaling; assumed).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gaincell_char.behavior import BehavioralModel
from gaincell_char.behavior.energy import Energy, Histogram, TokenStatistics
from gaincell_char.behavior.quantities import least_squares_slope
from gaincell_char.behavior.schema import Converter
from gaincell_char.cost.geometry import Geometry
from gaincell_char.cost.lines import Line, measured_lines
from gaincell_char.errors import InputError
from gaincell_char.fit.assemble import unit_current
from gaincell_char.fit.energy import COUNTERS, RELU, SIGNED, conversion_J, count_J, positive_share
from gaincell_char.optimize.characterize import Array, Characterized

_CONVERTERS = (RELU, SIGNED, "control lines, key", "control lines, value", "references, key", "references, value")


def gain_of(model: BehavioralModel, nominal: BehavioralModel) -> float:
    """Slope of the cell over that of the nominal one, both by least squares over the stored range."""
    here, there = (least_squares_slope(each.cell.current, *each.cell.level_range_V) for each in (model, nominal))
    return here / there


def rescaled(model: BehavioralModel) -> BehavioralModel:
    """`model` with its converters scaled to its own current: unit current and full scales are its own."""
    unit_A = unit_current(model.cell.current)

    def scaled(converter: Converter) -> Converter:
        full_scale_C = converter.full_scale_units * unit_A * converter.t_max_s
        return converter.model_copy(update={"full_scale_C": full_scale_C})

    return model.model_copy(
        update={
            "cell": model.cell.model_copy(update={"unit_current_A": unit_A}),
            "charge_to_pulse": scaled(model.charge_to_pulse),
            "signed_charge_to_pulse": scaled(model.signed_charge_to_pulse),
        }
    )


def token_lines(found: Characterized, nominal: BehavioralModel, scaled: bool) -> list[Line]:
    """The lines of a token in one head of 1024 tokens: the nominal model's, with the design's cell in them.

    Queries and stored levels are those of the nominal model's statistics; scores and tile sums move with the gain where
    the converters are frozen.

    Raises
    ------
    InputError
        The nominal model has no energy.
    """
    energy = nominal.energy
    if energy is None or nominal.word_line_driver is None:
        raise InputError(f"{nominal.name}: the energy of its circuits was not measured; nothing to optimize against")
    moved = _moved(found, nominal, energy, scaled)
    parts = [part.model_copy(update=moved.get(part.name, {})) for part in energy.parts]
    model = found.model.model_copy(update={"energy": energy.model_copy(update={"parts": parts})})
    return measured_lines(model, Geometry())


def _moved(found: Characterized, nominal: BehavioralModel, energy: Energy, scaled: bool) -> dict[str, dict[str, Any]]:
    """Part -> its fields that the design changes."""
    gain, before = gain_of(found.model, nominal), energy.statistics
    after = before if scaled else driven(before, gain)
    relu, signed = nominal.charge_to_pulse, nominal.signed_charge_to_pulse
    was = {part.name: part.energy_J for part in energy.parts}
    converters = {name: was[name] for name in _CONVERTERS}
    converters[RELU] *= _ratio(nominal, relu, before.score, after.score)
    converters[SIGNED] *= _ratio(nominal, signed, before.tile_sum, after.tile_sum)
    if scaled:
        converters = {name: gain * energy_J for name, energy_J in converters.items()}
    others = {
        "cells, key": key_cell_J(found, _widths_s(nominal), after),
        "cells, value": value_cell_J(found, relu.t_max_s, after),
        COUNTERS: was[COUNTERS] * _counted(nominal, before.tile_sum, after.tile_sum),
        "write drivers": was["write drivers"] + _stored_J(found.model) - _stored_J(nominal),
    }
    return {name: {"energy_J": energy_J} for name, energy_J in others.items()} | {
        name: {"energy_J": energy_J, "evidence": "calculated"} for name, energy_J in converters.items()
    }


def driven(statistics: TokenStatistics, gain: float) -> TokenStatistics:
    """`statistics` with cells of `gain` on frozen converters: scores and pulses by it, tile sums by its square."""
    return statistics.model_copy(
        update={
            "score": _stretched(statistics.score, gain),
            "value_pulse": [gain * pulse for pulse in statistics.value_pulse],
            "tile_sum": _stretched(statistics.tile_sum, gain**2),
        }
    )


def key_cell_J(found: Characterized, widths_s: Array, statistics: TokenStatistics) -> float:
    """Mean energy that a key cell takes from its rail in a query, over input and stored levels together."""
    on = (np.arange(len(widths_s)) > 0).astype(float)
    cells_J = widths_s[:, None] * found.slope_W + on[:, None] * found.fixed_J
    return float((np.array(statistics.query_key) * cells_J).sum())


def value_cell_J(found: Characterized, t_max_s: float, statistics: TokenStatistics) -> float:
    """Mean energy that a value cell takes from its rail in a query."""
    pulses_s = t_max_s * np.array(statistics.value_pulse)
    energy = float(pulses_s @ found.slope_W) + positive_share(statistics.score) * float(found.fixed_J.mean())
    return max(energy, 0.0)


def _widths_s(nominal: BehavioralModel) -> Array:
    assert nominal.word_line_driver is not None  # `token_lines` refused it
    return np.array(nominal.word_line_driver.widths_s)


def _stretched(histogram: Histogram, factor: float) -> Histogram:
    return histogram.model_copy(update={"edges": [factor * edge for edge in histogram.edges]})


def _ratio(nominal: BehavioralModel, converter: Converter, before: Histogram, after: Histogram) -> float:
    """Energy of a conversion of the charges `after`, over that of `before`."""
    new, old = (conversion_J(converter, nominal.condition, charges)[0] for charges in (after, before))
    return new / old


def _counted(nominal: BehavioralModel, before: Histogram, after: Histogram) -> float:
    new, old = (count_J(nominal, nominal.condition, charges)[0] for charges in (after, before))
    return new / old


def _stored_J(model: BehavioralModel) -> float:
    """What a write puts into the storage capacitor, mean over levels: C (<V^2> - <V>^2), from references at V."""
    levels = np.linspace(*model.cell.level_range_V, model.cell.n_levels)
    return model.parameters["gain_cell.storage_F"] * float(levels.var())

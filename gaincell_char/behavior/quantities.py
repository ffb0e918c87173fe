"""The handful of figures by which a designer compares two cells."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gaincell_char.behavior.energy import PRODUCTS
from gaincell_char.behavior.functions import Polynomial
from gaincell_char.behavior.schema import (
    BehavioralModel,
    Condition,
    Converter,
    ExponentialRetention,
    LowRankRetention,
    PulseFigures,
)

NOMINAL_SLOPE = 19.3
"""Unit currents per volt of a nominal cell, by the definition of the unit current."""


@dataclass(frozen=True)
class Quantity:
    """A figure of a model, in `unit` ("1" for a ratio, "u" for a current in unit currents)."""

    value: float
    unit: str
    meaning: str


def least_squares_slope(function: Polynomial, low: float, high: float) -> float:
    """Slope of the line that fits `function` best in the least-squares sense over [low, high], in y unit per x unit.

    The projection on the first Legendre polynomial, integrated exactly by Gauss-Legendre.
    """
    nodes, weights = np.polynomial.legendre.leggauss(function.degree // 2 + 2)
    half = (high - low) / 2
    values = function((low + high) / 2 + half * nodes)
    return float(1.5 * np.sum(weights * nodes * values) / half)


def quantities(model: BehavioralModel) -> dict[str, Quantity]:
    """Name -> figure: zero crossing, slope, currents at the rails, coefficients in unit currents, retention, scales.

    A figure that the model does not have (no zero crossing in the domain, no retention) is left out.
    """
    cell = model.cell
    low, high = cell.level_range_V
    unit = cell.unit_current_A
    slope = least_squares_slope(cell.current, low, high)
    at_low, at_high = (float(value) for value in cell.current([low, high]))
    found = {
        "zero_crossing_V": Quantity(cell.zero_crossing_V, "V", "stored voltage without current"),
        "slope_A_per_V": Quantity(slope, "A/V", "least squares over the stored range"),
        "gain": Quantity(
            slope / unit / NOMINAL_SLOPE, "1", "slope against the nominal cell (19.3 unit currents per volt)"
        ),
        "unit_current_A": Quantity(unit, "A", "unit current of the nominal cell"),
        "current_low_u": Quantity(at_low / unit, "u", f"current at {low:g} V stored"),
        "current_high_u": Quantity(at_high / unit, "u", f"current at {high:g} V stored"),
    }
    for order, coefficient in enumerate(cell.current.coefficients):
        found[f"A_{order}"] = Quantity(coefficient / unit, f"u/V^{order}", f"coefficient of (V - center)^{order}")
    found |= _retention(cell.retention)
    found["charge_to_pulse_units"] = Quantity(model.charge_to_pulse.full_scale_units, "u", "full scale of S")
    found["signed_charge_to_pulse_units"] = Quantity(
        model.signed_charge_to_pulse.full_scale_units, "u", "full scale of a tile's A_n"
    )
    found |= _converter("charge_to_pulse", model.charge_to_pulse, model.condition)
    found |= _converter("signed_charge_to_pulse", model.signed_charge_to_pulse, model.condition)
    found |= _around(model)
    return {name: quantity for name, quantity in found.items() if math.isfinite(quantity.value)}


def _converter(name: str, converter: Converter, condition: Condition) -> dict[str, Quantity]:
    """The transfer at `condition`, each sign by itself."""
    found: dict[str, Quantity] = {}
    transfer = converter.transfer(condition)
    if transfer is not None:
        found |= _pulses(name, transfer.positive)
        found |= {} if transfer.negative is None else _pulses(f"{name}_negative", transfer.negative)
        found[f"{name}_dead_zone_C"] = Quantity(transfer.dead_zone_C, "C", "charges that give no pulse")
    if converter.noise is not None:
        found[f"{name}_jitter_s"] = Quantity(converter.noise.jitter_s, "s", "rms, from conversion to conversion")
    if converter.mismatch is not None:
        found[f"{name}_mismatch_offset_s"] = Quantity(converter.mismatch.offset_s, "s", "deviation between converters")
        found[f"{name}_mismatch_gain"] = Quantity(converter.mismatch.gain, "1", "deviation between converters")
    return found


def _pulses(name: str, figures: PulseFigures) -> dict[str, Quantity]:
    return {
        f"{name}_offset_s": Quantity(figures.offset_s, "s", "of the line through its pulses"),
        f"{name}_gain_error": Quantity(figures.gain_error, "1", "of that line"),
        f"{name}_inl_s": Quantity(figures.inl_s, "s", "largest distance of a pulse from that line"),
        f"{name}_clamp_s": Quantity(figures.clamp_s, "s", "longest pulse"),
    }


def _around(model: BehavioralModel) -> dict[str, Quantity]:
    """Counter, energy and latency, where they were measured."""
    found: dict[str, Quantity] = {}
    figures = None if model.pulse_counter is None else model.pulse_counter.at(model.condition)
    if figures is not None:
        found["pulse_counter_phase_s"] = Quantity(figures.phase_s, "s", "the narrowest pulse that counts")
        found["pulse_counter_maximum_clock_Hz"] = Quantity(figures.maximum_clock_Hz, "Hz", "every width still right")
    if model.energy is not None:
        for product in PRODUCTS:
            parts = model.energy.product_J(product)
            meaning = f"a token in one head, {model.energy.tiles} tiles: {', '.join(parts)}"
            found[f"{product}_energy_J"] = Quantity(sum(parts.values()), "J", meaning)
    if model.latency is not None:
        found["latency_s"] = Quantity(model.latency.total_s, "s", "from the first query pulse to the code")
    return found


def _retention(law: ExponentialRetention | LowRankRetention | None) -> dict[str, Quantity]:
    if law is None:
        return {}
    found = {"token_period_s": Quantity(law.token_period_s, "s", "time between two tokens")}
    if isinstance(law, ExponentialRetention):
        found["tau_s"] = Quantity(law.tau_s, "s", "retention time constant")
        found["decay_per_token"] = Quantity(law.decay_per_token, "1", "lambda of r = exp(-lambda age)")
        found["v_inf_V"] = Quantity(law.v_inf_V, "V", "voltage that every level tends to")
    else:
        found["retention_rank"] = Quantity(float(len(law.level_factors)), "1", "terms of the law I(level, age)")
        if law.single_tau_s is not None:
            found["tau_s"] = Quantity(law.single_tau_s, "s", "best single time constant")
    return found

"""One output of a head in float64, step by step, from the sections of a behavioral model: what the arrays compute.

`circuit` fidelity:

    Q_K[s] = sum_d q(V_K[s,d], T[d])          q(V, T) = read_current(V) T + fixed_charge(V), 0 where there is no pulse
    P[s]   = f(Q_K[s])                        the measured transfer of the charge-to-pulse converter
    Q_V    = sum_s q(V_V[s], P[s])
    y      = f_signed(Q_V)                    the measured transfer of the signed converter, negative for a negative charge
    code   = sign(y) x the counter's count of |y|

`paper` fidelity: S = sum q I(V), P = clip(S/80, 0, 1), A = sum P I(V), y = clip(A/40, -1, 1), code = rint(15.5 y).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaincell_char.behavior import BehavioralModel
from gaincell_char.behavior.functions import PiecewisePolynomial
from gaincell_char.behavior.schema import Converter, PulseCharge
from gaincell_char.errors import InputError

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
INPUT_LEVELS = 16
STEPS = 15.5
"""Counter steps of a full-scale pulse: 32 levels over -1..1."""


@dataclass(frozen=True)
class Levels:
    """Stored levels: voltage (8,), current (8,) in unit currents; full scales of the two products in unit currents."""

    voltages_V: Array
    currents: Array
    score_scale: float
    output_scale: float


@dataclass(frozen=True)
class Prediction:
    """`key_pulses_s` (T,): ReLU pulses on the word lines of the value tile. `pulse_s`: signed. `code`: -16..16."""

    key_pulses_s: Array
    pulse_s: float
    code: int


def levels(model: BehavioralModel) -> Levels:
    """The stored levels of `model`'s cell."""
    low, high = model.cell.level_range_V
    voltages = np.linspace(low, high, model.cell.n_levels)
    return Levels(
        voltages,
        np.asarray(model.cell.current(voltages)) / model.cell.unit_current_A,
        model.charge_to_pulse.full_scale_units,
        model.signed_charge_to_pulse.full_scale_units,
    )


def step_s(model: BehavioralModel) -> float:
    """One LSB of the output: a step of the counter."""
    return model.signed_charge_to_pulse.t_max_s / STEPS


def query_widths_s(model: BehavioralModel) -> Array:
    """Width of the input pulse of each level, at the cells."""
    if model.word_line_driver is not None:
        return np.asarray(model.word_line_driver.widths_s)
    return np.arange(INPUT_LEVELS) * (model.charge_to_pulse.t_max_s / (INPUT_LEVELS - 1))


def circuit(model: BehavioralModel, queries: IntArray, keys: IntArray, values: IntArray) -> Prediction:
    """What `model` says of its own condition. Levels: `queries` (D,), `keys` (T, D), `values` (T,).

    Raises
    ------
    InputError
        A section that this needs is missing in the model.
    """
    cell, voltages = _characterized(model), levels(model).voltages_V
    key_charge = _charge(cell, voltages[keys], query_widths_s(model)[queries]).sum(axis=1)
    pulses = np.maximum(_transfer(model, "charge_to_pulse")(key_charge), 0.0)
    if model.word_line_driver is not None:
        pulses = np.where(pulses > 0, np.maximum(pulses + model.word_line_driver.buffer_stretch_s, 0.0), 0.0)
    charge = _charge(cell, voltages[values], pulses).sum()
    pulse = float(_transfer(model, "signed_charge_to_pulse")(charge))
    return Prediction(pulses, pulse, int(np.sign(pulse)) * _count(model, abs(pulse)))


def paper(model: BehavioralModel, queries: IntArray, keys: IntArray, values: IntArray) -> Prediction:
    """The equations of the paper with `model`'s cell: ideal pulses, converters and counter. Arguments as `circuit`'s."""
    stored = levels(model)
    scores = stored.currents[keys] @ (queries / (INPUT_LEVELS - 1))
    pulses = np.clip(scores / stored.score_scale, 0.0, 1.0)
    output = float(np.clip(stored.currents[values] @ pulses / stored.output_scale, -1.0, 1.0))
    t_max_s = model.charge_to_pulse.t_max_s
    return Prediction(pulses * t_max_s, output * model.signed_charge_to_pulse.t_max_s, round(output * STEPS))


def _characterized(model: BehavioralModel) -> PulseCharge:
    if model.cell.pulse_charge is None:
        raise InputError(f"{model.name}: the model has no cell.pulse_charge; use one that was fitted to sweeps of a cell")
    return model.cell.pulse_charge


def _charge(cell: PulseCharge, stored_V: Array, widths_s: Array) -> Array:
    charge = cell.read_current(stored_V) * widths_s + cell.fixed_charge(stored_V)
    return np.where(widths_s > 0, charge, 0.0)


def _transfer(model: BehavioralModel, name: str) -> PiecewisePolynomial:
    converter: Converter = getattr(model, name)
    found = converter.transfer(model.condition)
    if found is None:
        raise InputError(
            f"{model.name}: {name} has no transfer at {model.condition}; characterize the converter there, "
            "or compare with a model that has it"
        )
    return found.pulse_s


def _count(model: BehavioralModel, width_s: float) -> int:
    counter = model.pulse_counter
    figures = None if counter is None else counter.at(model.condition)
    if counter is None or figures is None:
        raise InputError(f"{model.name}: no pulse_counter figures at {model.condition}; characterize the counter there")
    if width_s < figures.phase_s:
        return 0
    return min(counter.largest_count, int((width_s - figures.phase_s) // counter.clock_period_s) + 1)

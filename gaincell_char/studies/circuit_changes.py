"""The circuits around a model's cells, changed in one respect: wires, drivers, converters, counter.

An LSB is a step of the counter, T_max/15.5 of pulse or full scale/15.5 of charge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from numpy.polynomial import Chebyshev

from gaincell_char.behavior import BehavioralModel
from gaincell_char.behavior.arithmetic import moved, piecewise, plus, stretched
from gaincell_char.behavior.converters import Converter
from gaincell_char.errors import InputError
from gaincell_char.studies.cell_changes import replaced

ConverterName = Literal["charge_to_pulse", "signed_charge_to_pulse"]
Value = Callable[[BehavioralModel], float]
At = Callable[[BehavioralModel, float], BehavioralModel]
LSBS = 15.5


def wire(name: str) -> tuple[Value, At]:
    """Resistance of a segment of `name`, a field of the wires: its nominal value, and a model with another."""

    def nominal(model: BehavioralModel) -> float:
        return 0.0 if model.array is None else float(getattr(model.array.wires, name))

    def at(model: BehavioralModel, ohms: float) -> BehavioralModel:
        wires = None if model.array is None else model.array.wires.model_copy(update={name: ohms})
        return replaced(model, "array", wires=wires)

    return nominal, at


def with_input_widths(model: BehavioralModel, seconds: float) -> BehavioralModel:
    """Pulses of the input levels longer by `seconds`; level 0 stays without a pulse."""
    driver = model.word_line_driver
    widths = None if driver is None else [driver.widths_s[0], *(width + seconds for width in driver.widths_s[1:])]
    return replaced(model, "word_line_driver", widths_s=widths)


def with_buffer_stretch(model: BehavioralModel, seconds: float) -> BehavioralModel:
    """The converter's pulses longer by `seconds` on their way to the V tile."""
    driver = model.word_line_driver
    stretch = None if driver is None else driver.buffer_stretch_s + seconds
    return replaced(model, "word_line_driver", buffer_stretch_s=stretch)


def with_offset(model: BehavioralModel, converter: ConverterName, lsb: float) -> BehavioralModel:
    """`lsb` more pulse than now for the same charge, at the converter's input: its dead zone moves as well."""

    def shifted(part: Converter, curve: Any) -> Any:
        return moved(curve, -lsb * _full_scale_C(part) / LSBS)

    return _with_transfers(model, converter, shifted)


def with_gain(model: BehavioralModel, converter: ConverterName, change: float) -> BehavioralModel:
    """Pulses 1 + `change` times as long; the clamp stays."""
    return _with_transfers(model, converter, lambda part, curve: stretched(curve, 1 / (1 + change)))


def with_inl(model: BehavioralModel, converter: ConverterName, lsb: float) -> BehavioralModel:
    """A bow of `lsb` at the middle of each line, 0 at its ends, toward longer pulses (either sign) if positive."""

    def bowed(part: Converter, curve: Any) -> Any:
        full_C, height_s = _full_scale_C(part), lsb * part.t_max_s / LSBS
        for sign in (1,) if converter == "charge_to_pulse" else (1, -1):
            domain = sorted((0.0, sign * full_C))
            bow = Chebyshev([0.5, 0.0, -0.5], domain=domain) * (sign * height_s)
            curve = plus(curve, piecewise(bow, "C", "s"))
        return curve

    return _with_transfers(model, converter, bowed)


def _full_scale_C(part: Converter) -> float:
    if part.full_scale_C is None:
        raise InputError("full_scale_C: None; a converter in published units has no charge")
    return part.full_scale_C


def _with_transfers(
    model: BehavioralModel, converter: ConverterName, change: Callable[[Converter, Any], Any]
) -> BehavioralModel:
    part: Converter = getattr(model, converter)
    transfers = [each.model_copy(update={"pulse_s": change(part, each.pulse_s)}) for each in part.transfers]
    return replaced(model, converter, transfers=transfers)


def spread(converter: ConverterName, fields: Sequence[str]) -> tuple[Value, At]:
    """Deviation of the converter's offset or gain; those of negative pulses follow in proportion."""

    def nominal(model: BehavioralModel) -> float:
        mismatch = getattr(model, converter).mismatch
        return 0.0 if mismatch is None else float(getattr(mismatch, fields[0]))

    def at(model: BehavioralModel, value: float) -> BehavioralModel:
        mismatch, now = getattr(model, converter).mismatch, nominal(model)
        if not now:
            raise InputError(f"model {model.name}: {converter}.mismatch has no {fields[0]}")
        update = {name: getattr(mismatch, name) * value / now for name in fields if getattr(mismatch, name) is not None}
        return replaced(model, converter, mismatch=mismatch.model_copy(update=update))

    return nominal, at


def jitter_s(model: BehavioralModel) -> float:
    """Of the ReLU converter, rms."""
    noise = model.charge_to_pulse.noise
    return 0.0 if noise is None else noise.jitter_s


def with_jitter(model: BehavioralModel, seconds: float) -> BehavioralModel:
    """The ReLU converter with another jitter."""
    noise = model.charge_to_pulse.noise
    if noise is None:
        raise InputError(f"model {model.name}: no charge_to_pulse.noise")
    return replaced(model, "charge_to_pulse", noise=noise.model_copy(update={"jitter_s": seconds}))


def period_s(model: BehavioralModel) -> float:
    """Of the counter's clock."""
    return 0.0 if model.pulse_counter is None else model.pulse_counter.clock_period_s


def with_period(model: BehavioralModel, seconds: float) -> BehavioralModel:
    """A counter of another clock, the pulses' T_max unchanged."""
    return replaced(model, "pulse_counter", clock_period_s=seconds)


def with_phase(model: BehavioralModel, seconds: float) -> BehavioralModel:
    """The first clock edge later by `seconds`."""
    counter = model.pulse_counter
    figures = None if counter is None else [
        each.model_copy(update={"phase_s": max(0.0, each.phase_s + seconds)}) for each in counter.figures
    ]  # fmt: skip
    return replaced(model, "pulse_counter", figures=figures)

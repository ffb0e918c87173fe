"""What a designer can turn: parameters of a behavioral model one at a time, everything else as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gaincell_char.behavior import BehavioralModel
from gaincell_char.errors import unknown_name
from gaincell_char.studies import cell_changes as cell
from gaincell_char.studies import circuit_changes as circuit
from gaincell_char.studies.circuit_changes import At, ConverterName, Value
from gaincell_char.units import format_si

_SHORT = {"charge_to_pulse": "ReLU", "signed_charge_to_pulse": "signed"}


@dataclass(frozen=True)
class Parameter:
    """One number of a model.

    Attributes
    ----------
    nominal: its value in a model, in `unit`; what is only ever added to a model is 0 there.
    at: the model with another value, nothing else changed.
    step: a change that a process, a layout or a redesign may well make, in `unit`; `reason` says which.
    noise: the network is to be evaluated with the noise of conversions.
    """

    name: str
    unit: str
    nominal: Value
    at: At
    step: float
    reason: str
    noise: bool = False


def _added(model: BehavioralModel) -> float:
    return 0.0


def _of_converter(converter: ConverterName) -> list[Parameter]:
    name = _SHORT[converter]

    def at(change: Any) -> At:
        return lambda model, value: change(model, converter, value)

    offset_sigma = circuit.spread(converter, ("offset_s", "offset_negative_s"))
    gain_sigma = circuit.spread(converter, ("gain", "gain_negative"))
    return [
        Parameter(f"{name} offset", "LSB", _added, at(circuit.with_offset), 0.1, "a deviation of one converter"),
        Parameter(f"{name} gain", "1", _added, at(circuit.with_gain), 0.01, "a replica current off by 1 %"),
        Parameter(f"{name} INL", "LSB", _added, at(circuit.with_inl), 0.1, "a bow of a tenth of a step"),
        Parameter(f"{name} offset mismatch", "s", *offset_sigma, 30e-12, "a third of the deviation measured"),
        Parameter(f"{name} gain mismatch", "1", *gain_sigma, 2e-3, "a third of the deviation measured"),
    ]


PARAMETERS = (
    Parameter("storage capacitance", "F", cell.storage_capacitance_F, cell.with_storage_capacitance, 1e-15,
              "10 % of the capacitor"),
    Parameter("zero crossing", "V", _added, cell.with_zero_crossing, 5e-3, "mismatch of the N and P read devices"),
    Parameter("I-V slope", "1", _added, cell.with_slope, 0.05, "5 % of drive"),
    Parameter("write error", "V", _added, cell.with_write_error, 5e-3, "charge injection of the write switch"),
    Parameter("read disturb", "V", cell.read_disturb_V, cell.with_read_disturb, 0.4e-3, "most of the largest shift"),
    Parameter("fixed charge of a pulse", "C", _added, cell.with_fixed_charge, 20e-18, "coupling of the select edge"),
    Parameter("cell mismatch", "1", lambda model: 1.0, cell.with_cell_mismatch, 0.2,
              "31 % less, 56 % more gate area"),
    Parameter("bit line resistance", "ohm", *circuit.wire("bl_resistance_ohm"), 1.0, "a wire 0.6 to 3 times as wide"),
    Parameter("supply rail resistance", "ohm", *circuit.wire("rail_resistance_ohm"), 0.4,
              "a rail 0.6 to 5 times as wide"),
    Parameter("input pulse width", "s", _added, circuit.with_input_widths, 20e-12, "the edges' skew"),
    Parameter("V tile pulse width", "s", _added, circuit.with_buffer_stretch, 20e-12, "the buffers' skew"),
    *_of_converter("charge_to_pulse"),
    *_of_converter("signed_charge_to_pulse"),
    Parameter("ReLU jitter", "s", circuit.jitter_s, circuit.with_jitter, 20e-12, "half of it", noise=True),
    Parameter("counter period", "s", circuit.period_s, circuit.with_period, 9.677e-12, "a clock off by 1 %"),
    Parameter("counter phase", "s", _added, circuit.with_phase, 97e-12, "a tenth of a step"),
)  # fmt: skip
TIME_CONSTANT = Parameter("retention time constant", "s", cell.tau_s, cell.with_tau, 1e-3, "")
"""Of a law that is not the measured one: what a designer compares processes by."""

NOT_MODELED = {
    "word line resistance": "a word line's RC (1.5 ps) delays both edges of a pulse alike; no charge depends on it",
    "bit line capacitance": "the amplifier settles within the measured wait; the model's charges are settled ones",
}


def parameter(name: str) -> Parameter:
    """The parameter called `name`.

    Raises
    ------
    InputError
        There is none.
    """
    known = {each.name: each for each in (*PARAMETERS, TIME_CONSTANT)}
    if name not in known:
        raise unknown_name("parameter", name, known)
    return known[name]


def amount(value: float, unit: str) -> str:
    """`value` as people write it: a share in percent, the rest with a prefix where it is in an SI unit."""
    if unit == "1":
        return f"{100 * value:.3g} %"
    return f"{value:.3g} LSB" if unit == "LSB" else format_si(value, unit, 3)

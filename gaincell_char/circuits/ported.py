"""A circuit in a technology that its netlist is not made for: defaults of its testbenches, names of its devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gaincell_char.circuits.testbench import Axis, Circuit, Parameter, Testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.netlist import Statement, file_statements
from gaincell_char.technology import NATIVE, Technology, technology


def ported(bench: Testbench, devices: Technology) -> Testbench:
    """`bench` with the defaults it has in `devices`: the technology's sizes; voltages of axes scale with its supply.

    Raises
    ------
    InputError
        The technology has no sizes for this circuit.
    """
    if not devices.design:
        return bench
    if bench.circuit not in devices.circuits:
        sized = ", ".join(sorted(devices.circuits))
        raise InputError(f"{devices.name} has no sizes for {bench.circuit}; it has them for {sized}")
    ratio = supply_ratio(devices)
    return replace(
        bench,
        parameters=tuple(_parameter(each, devices) for each in bench.parameters),
        axes=tuple(_axis(each, ratio) for each in bench.axes),
    )


def ported_circuit(circuit: Circuit, devices: Technology) -> Circuit:
    """`circuit` with all its testbenches `ported`; raises as that."""
    benches = tuple(ported(bench, devices) for bench in circuit.testbenches)
    return replace(
        circuit, testbenches=benches, parameters=tuple(_parameter(each, devices) for each in circuit.parameters)
    )


def supply_ratio(devices: Technology, made_for: str = NATIVE) -> float:
    """The supply of `devices` over that of the technology called `made_for`."""
    return devices.vdd_V / technology(made_for).vdd_V


def scaled(value: float, ratio: float) -> float:
    """`value * ratio` to 12 digits: what was half the supply is half the supply, to the last digit."""
    return float(f"{value * ratio:.12g}")


def _parameter(parameter: Parameter, devices: Technology) -> Parameter:
    low = max(parameter.low, devices.smallest.get(parameter.name, parameter.low))
    return replace(parameter, default=devices.design.get(parameter.name, parameter.default), low=low)


def _axis(axis: Axis, ratio: float) -> Axis:
    return replace(axis, default=tuple(scaled(each, ratio) for each in axis.default)) if axis.unit == "V" else axis


def netlist_lines(netlist: Path, models: Mapping[str, str]) -> str:
    """The line of a deck that reads `netlist`; where `models` names the devices otherwise, its text with those names.

    An include cannot do that: transistors name their model, and ngspice has no second name for a model outside its
    compatibility modes, which change more than that.
    """
    if not models:
        return f".include '{netlist}'"
    return "\n".join(_renamed(line, models) for line in file_statements(netlist))


def _renamed(line: Statement, models: Mapping[str, str]) -> str:
    if not line.card.startswith("m"):
        return line.text
    *before, rest = line.text.split(maxsplit=5)  # name, four nodes; model and what follows
    model, _, values = rest.partition(" ")
    if model.lower() not in models:
        raise InputError(f"{line.where}: {model!r} is none of {', '.join(models)}; this technology cannot stand for it")
    return " ".join([*before, models[model.lower()], values])

"""The text of a deck: its opening lines, numbers as ngspice reads them, and the readings of a finished transient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gaincell_char import paths
from gaincell_char.circuits.ported import netlist_lines
from gaincell_char.circuits.testbench import Setting
from gaincell_char.errors import InputError
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms
from gaincell_char.technology import technology

_NOT_OPTIONS = ("step_s", "steps_per_decade", "noise_step_s", "noise_gamma")
Array = npt.NDArray[np.float64]


def number(value: float) -> str:
    """`value` in plain digits: a suffix or a NumPy representation could be read as another number."""
    return repr(float(value))


def assemble(
    title: str,
    setting: Setting,
    netlist: str | tuple[str, ...],
    numerics: Mapping[str, float],
    lines: Iterable[str],
    vectors: Iterable[str],
) -> Deck:
    """The deck around `lines`: the devices at the setting's corner, the circuit's netlist, temperature and tolerances.

    Several netlists where one does not suffice: a file holds one circuit and includes no other.

    Raises
    ------
    InputError
        An unknown technology or corner, a temperature, a supply or a size outside the technology's range.
    EnvironmentFault
        The technology is not installed.
    """
    devices = technology(setting.technology)
    devices.check(setting.temperature_C, setting.vdd_V)
    devices.check_sizes(setting.parameters)
    files = _files((netlist,) if isinstance(netlist, str) else netlist)
    cards = devices.files_at(setting.corner)
    if quoted := next((path for path in (*cards, *files) if "'" in str(path)), None):
        raise InputError(f"{quoted.parent}: ngspice cannot read a path with a quote in it; move the installation")
    options = " ".join(f"{name}={number(value)}" for name, value in numerics.items() if name not in _NOT_OPTIONS)
    text = "\n".join(
        [
            f"* {title}, {setting.corner}, {setting.temperature_C:g} C, {setting.vdd_V:g} V",
            devices.lib_line(setting.corner),
            *(netlist_lines(file, devices.models) for file in files),
            f".temp {number(setting.temperature_C)}",
            f".options method=gear {options}",
            *lines,
            ".end",
            "",
        ]
    )
    return Deck(text, tuple(vectors), (*cards, *files))


@cache
def _files(netlists: tuple[str, ...]) -> tuple[Path, ...]:
    return tuple(paths.data_folder("netlists") / name for name in netlists)


def pulse(low_V: float, high_V: float, start_s: float, width_s: float, edge_s: float) -> str:
    """One pulse, `width_s` wide at half height; after `start_s` comes the rising edge.

    Raises
    ------
    InputError
        The edges are longer than the pulse.
    """
    if width_s <= edge_s:
        raise InputError(f"a pulse of {width_s:g} s has no room for its edges of {edge_s:g} s; make it longer")
    never = 1e3
    times = (start_s, edge_s, edge_s, width_s - edge_s, never)
    return f"pulse({' '.join(map(number, (low_V, high_V, *times)))})"


def reading(waveforms: Waveforms, vector: str, time_s: float) -> float:
    """`vector` at one time of a transient, between two time points linearly.

    Raises
    ------
    SimulationFailure
        The transient does not reach that far (`MEASURE_FAILED`).
    """
    time = waveforms.scale
    if not time[0] <= time_s <= time[-1] * (1 + 1e-9):
        raise SimulationFailure(
            FailureKind.MEASURE_FAILED, f"{vector} at {time_s:g} s: the transient covers {time[0]:g} to {time[-1]:g} s"
        )
    return finite(float(np.interp(time_s, time, waveforms.vectors[vector])), f"{vector} at {time_s:g} s")


def integral(time: Array, values: Array, start_s: float, stop_s: float, what: str) -> float:
    """The integral over [start_s, stop_s] of a waveform that is linear between its points (trapezoids, exact ends)."""
    if not time[0] <= start_s < stop_s <= time[-1] * (1 + 1e-9):
        raise SimulationFailure(
            FailureKind.MEASURE_FAILED, f"{what}: the transient covers {time[0]:g} to {time[-1]:g} s"
        )
    inside = (time > start_s) & (time < stop_s)
    at = np.concatenate(([start_s], time[inside], [stop_s]))
    heights = np.interp(at, time, values)
    return finite(float(np.sum(np.diff(at) * (heights[1:] + heights[:-1]) / 2)), what)


def finite(value: float, what: str) -> float:
    """`value`, or the failure that it is none."""
    if not np.isfinite(value):
        raise SimulationFailure(FailureKind.MEASURE_FAILED, f"{what}: {value} is not a number")
    return value

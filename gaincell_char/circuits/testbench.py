"""What a testbench is: a pure function from a setting to a deck, and one from its waveforms to rows. The registry."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gaincell_char.errors import unknown_name
from gaincell_char.spice.types import Deck, Waveforms

_MODULES = {
    "gain_cell": "gaincell_char.circuits.gain_cell",
    "front_end": "gaincell_char.circuits.front_end",
    "charge_to_pulse": "gaincell_char.circuits.charge_to_pulse",
    "signed_charge_to_pulse": "gaincell_char.circuits.signed_charge_to_pulse",
    "pulse_counter": "gaincell_char.circuits.pulse_counter",
    "word_line_driver": "gaincell_char.circuits.word_line_driver",
    "write_driver": "gaincell_char.circuits.write_driver",
    "array": "gaincell_char.circuits.array",
    "tile_energy": "gaincell_char.circuits.tile_energy",
}


@dataclass(frozen=True)
class Parameter:
    """A design parameter of a circuit: `gain_cell.wn`, SI value."""

    name: str
    default: float
    unit: str
    low: float
    high: float
    meaning: str


@dataclass(frozen=True)
class Axis:
    """A swept quantity; its unit is part of its name. The points of a `shared` axis live in one deck."""

    name: str
    unit: str
    default: tuple[float, ...]
    shared: bool
    meaning: str


@dataclass(frozen=True)
class Setting:
    """All that one deck depends on. `axes` maps every axis of the testbench to its values in this deck (an axis that is
    not shared has one). What `parameters`, `axes` and `numerics` leave out has the testbench's default."""

    technology: str = "cmos28"
    corner: str = "tt"
    temperature_C: float = 27.0
    vdd_V: float = 0.9
    parameters: Mapping[str, float] = field(default_factory=dict)
    axes: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    numerics: Mapping[str, float] = field(default_factory=dict)
    sample: int | None = None
    """Which draw of device mismatch, 0 and up; None: devices as drawn in the netlist."""
    seed: int = 0
    beside: tuple[Mapping[str, float], ...] = ()
    """Several devices under test in this deck: the parameters in which each departs from `parameters`. Empty: one."""


@dataclass(frozen=True)
class Mismatch:
    """Which instances of a deck have devices that vary. `same`: all of them are one device under test at several
    conditions, so a sample gives them the same devices."""

    instances: str
    """Regular expression that the whole name of a top-level instance matches: `x1`, `x\\d+`."""
    same: bool = False


@dataclass(frozen=True)
class Testbench:
    """One characterization of one circuit. `measure` gives one row a point: axis values and `columns` (name: unit)."""

    __test__ = False  # not a pytest class

    circuit: str
    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    axes: tuple[Axis, ...]
    columns: Mapping[str, str]
    version: int
    deck: Callable[[Setting], Deck]
    measure: Callable[[Setting, Waveforms], list[dict[str, float]]]
    numerics: Mapping[str, float] = field(default_factory=dict)
    """Tolerances and steps (`gmin`, `reltol`, `step_s`) that a spec may override to show independence from them."""
    mismatch: Mismatch | None = None
    """What a Monte Carlo sample varies; None: this testbench has none."""
    side_by_side: frozenset[str] = frozenset()
    """Parameters in which devices under test may differ that share a deck (`Setting.beside`): no line of the deck
    depends on them but those of elements, and a time step that suits one suits the others. Empty: none share one."""


@dataclass(frozen=True)
class Circuit:
    """A netlist with its design parameters and the testbenches that characterize it."""

    name: str
    summary: str
    netlist: str
    parameters: tuple[Parameter, ...]
    testbenches: tuple[Testbench, ...]


def circuits() -> tuple[str, ...]:
    """The names of all circuits."""
    return tuple(_MODULES)


def circuit(name: str) -> Circuit:
    """The circuit called `name`.

    Raises
    ------
    InputError
        There is none; the nearest names are offered.
    """
    if name not in _MODULES:
        raise unknown_name("circuit", name, _MODULES)
    found: Circuit = importlib.import_module(_MODULES[name]).CIRCUIT
    return found


def parameters(name: str) -> tuple[Parameter, ...]:
    """The design parameters of the circuit called `name`; raises as `circuit`."""
    return circuit(name).parameters


def testbench(name: str) -> Testbench:
    """The testbench called `circuit.testbench`, like `gain_cell.iv`.

    Raises
    ------
    InputError
        There is none; the nearest names are offered.
    """
    known = {f"{bench.circuit}.{bench.name}": bench for each in circuits() for bench in circuit(each).testbenches}
    if name not in known:
        raise unknown_name("testbench", name, known)
    return known[name]


testbench.__test__ = False  # type: ignore[attr-defined]  # not a pytest function

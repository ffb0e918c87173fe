"""The values between the circuits and the simulator: a deck goes in, vectors or a classed failure come out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gaincell_char.errors import GaincellError


@dataclass(frozen=True)
class Deck:
    """One simulation: a complete netlist with one analysis (`.dc`, `.tran`, `.op`, ...), without a `.control` block.

    `text` starts with the title line, includes netlists by absolute path, and ends with `.end`. `vectors` are the names
    the caller needs, as ngspice writes them (lower case): `v(st)`, `i(vbl)`, `v(x1.st)`. `files` are all files read,
    transitively: they are part of the deck's key.
    """

    text: str
    vectors: tuple[str, ...]
    files: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Waveforms:
    """A validated result. `vectors` maps each requested name to (n,) float64; `scale` is the sweep variable (n,):
    time in s, or the inner source of a .dc (a nested .dc is flattened, the inner source runs fastest)."""

    scale_name: str
    scale: npt.NDArray[np.float64]
    vectors: dict[str, npt.NDArray[np.float64]]
    notes: tuple[str, ...] = field(default=())


class FailureKind(StrEnum):
    """Why a simulation has no result."""

    CRASHED = "crashed"
    KILLED = "killed"
    TIMEOUT = "timeout"
    NO_CONVERGENCE = "no_convergence"
    SINGULAR = "singular"
    UNKNOWN_PARAMETER = "unknown_parameter"
    BAD_NETLIST = "bad_netlist"
    MISSING_VECTOR = "missing_vector"
    INCOMPLETE = "incomplete"
    DISK = "disk"
    MEASURE_FAILED = "measure_failed"
    NO_SIMULATOR = "no_simulator"


class SimulationFailure(GaincellError):
    """A simulation without a usable result: its kind, one line that says why, and the log it came from."""

    exit_code = 3

    def __init__(self, kind: FailureKind, message: str, log: str = "") -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message
        self.log = log

    def __reduce__(self) -> tuple[type[SimulationFailure], tuple[FailureKind, str, str]]:
        return type(self), (self.kind, self.message, self.log)


class Engine(Protocol):
    """Runs decks. Not shared between processes; `close` frees what it holds."""

    @property
    def identity(self) -> str:
        """What the key of a result says of the engine: `ngspice-39.3 batch`."""

    def run(self, deck: Deck, timeout_s: float = 120.0) -> Waveforms:
        """The waveforms asked for.

        Raises
        ------
        SimulationFailure
            For everything that is not a complete, trustworthy result.
        """

    def close(self) -> None: ...

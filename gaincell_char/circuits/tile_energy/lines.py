"""What the tiles' testbenches share: energy of control lines, which ideal sources drive, power at rest, the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gaincell_char.circuits.deck import integral
from gaincell_char.spice.types import Waveforms

COLUMNS = {"charge_C": "C", "energy_J": "J", "control_J": "J", "reference_J": "J", "rest_W": "W"}
_BEFORE_S, _AFTER_S = 0.1e-9, 3e-9


def line_energy(waveforms: Waveforms, source: str, high_V: float, edge_s: float, loads: int) -> float:
    """What a driver between 0 and `high_V` takes from its supply in a cycle of the line `source`, a load of `loads`.

    The charge of one edge, and what follows it behind resistors, times the supply: the source itself gives the charge
    and takes it back, a driver's pull-down does not.
    """
    charge = integral(
        waveforms.scale, waveforms.vectors[f"i({source})"], edge_s - _BEFORE_S, edge_s + _AFTER_S, f"charge of {source}"
    )
    return high_V * abs(charge) / loads


def rest_power(waveforms: Waveforms, source: str, vdd_V: float, until_s: float) -> float:
    """Mean power of the supply `source` in the nanosecond that ends at `until_s`, the integrator held in reset."""
    drawn = integral(waveforms.scale, -waveforms.vectors[f"i({source})"], until_s - 1e-9, until_s, f"power of {source}")
    return vdd_V * drawn / 1e-9


class Reading(Protocol):
    """What a tile's transfer says of one converter."""

    @property
    def charge_C(self) -> float: ...

    @property
    def energy_J(self) -> float: ...


def rows(
    waveforms: Waveforms,
    axis: str,
    points: Sequence[float],
    found: Sequence[Reading],
    shared: tuple[float, float],
    vdd_V: float,
    released_s: float,
) -> list[dict[str, float]]:
    """One row a column of the tile: its point on `axis`, `COLUMNS`. `shared`: `control_J` and `reference_J`; the
    converter of column n has the supply `va<n>` and is in reset until `released_s`."""
    control, reference = shared
    return [
        {
            axis: point,
            "charge_C": each.charge_C,
            "energy_J": each.energy_J,
            "control_J": control,
            "reference_J": reference,
            "rest_W": rest_power(waveforms, f"va{row}", vdd_V, released_s - 0.1e-9),
        }
        for row, (point, each) in enumerate(zip(points, found, strict=True))
    ]

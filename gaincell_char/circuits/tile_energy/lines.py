"""Energy of a control line, which an ideal source drives in the testbenches, and power of a converter at rest."""

from __future__ import annotations

from gaincell_char.circuits.deck import integral
from gaincell_char.spice.types import Waveforms

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

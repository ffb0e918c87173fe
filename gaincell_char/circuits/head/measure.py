"""From the waveforms of a head to its pulses, and from those of its counter to its code."""

from __future__ import annotations

from dataclasses import dataclass

from gaincell_char.circuits import converter
from gaincell_char.circuits.head.deck import BITS
from gaincell_char.circuits.head.phases import Phases
from gaincell_char.spice.types import FailureKind, SimulationFailure, Waveforms

_WHY = "its zero-charge column did not cross once in time"


@dataclass(frozen=True)
class HeadReading:
    """What one output of a head gave. Widths are at half the supply.

    `key_pulses_s`: of each key column, on its word line of the value tile. `pulse_s`: of the signed converter, negative
    where its sign is. `sign`: +1 or -1. `windows_s`: when the windows of key tile, positive and negative pulses opened.
    `key_line_V`, `value_line_V`: lowest and highest voltage of the bit lines while they are read.
    """

    key_pulses_s: tuple[float, ...]
    pulse_s: float
    sign: int
    windows_s: tuple[float, float, float]
    key_line_V: tuple[float, float]
    value_line_V: tuple[float, float]


def key_window(waveforms: Waveforms, vdd_V: float) -> tuple[float, float]:
    """When the key tile's window opens and closes; raises `MEASURE_FAILED` where it does not do so once."""
    return converter.window(waveforms, "v(kwin)", vdd_V, _WHY)


def read_head(waveforms: Waveforms, columns: int, phases: Phases, vdd_V: float) -> HeadReading:
    """The reading of a head. `phases`: of the value tile as they were, `Phases.after` the key tile's window.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED`: a window does not open and close once, the key tile's closes after the sign was latched, there
        are pulses of both signs or of the other sign than was latched, or a pulse that does not end.
    """
    key = key_window(waveforms, vdd_V)
    positive, negative = (converter.window(waveforms, f"v({name})", vdd_V, _WHY) for name in ("vwinp", "vwinn"))
    if key[1] > phases.latch_s:
        raise _failed(f"the key window closes at {key[1]:.4g} s, after the sign was latched at {phases.latch_s:g} s")
    for opened, closed in (positive, negative):
        if closed - opened < phases.value_window_s - 0.3e-9:
            raise _failed(f"a window opens at {opened:.4g} s and is cut off at {closed:.4g} s")
    up, down = (converter.width(waveforms, f"v({name})", vdd_V, phases.latch_s) for name in ("pp", "pn"))
    sign = 1 if waveforms.vectors["v(sgn)"][-1] > vdd_V / 2 else -1
    if (down if sign > 0 else up) > 0:
        raise _failed(f"pulses of {up:.4g} s (positive) and {down:.4g} s (negative) with a latched sign of {sign:+d}")
    pulses = [converter.width(waveforms, f"v(w{column})", vdd_V, phases.key_enable_s) for column in range(columns)]
    lines = [_range(waveforms, f"v(kbl{column})", phases.read_s, phases.key_enable_s) for column in range(columns)]
    return HeadReading(
        key_pulses_s=tuple(pulses),
        pulse_s=up - down,
        sign=sign,
        windows_s=(key[0], positive[0], negative[0]),
        key_line_V=(min(low for low, _ in lines), max(high for _, high in lines)),
        value_line_V=_range(waveforms, "v(vbl)", key[0], phases.latch_s),
    )


def read_count(waveforms: Waveforms, vdd_V: float) -> int:
    """The counter's number, 0..31.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED`: a bit is neither 0 nor 1.
    """
    count = 0
    for place, bit in enumerate(BITS):
        last = float(waveforms.vectors[f"v({bit})"][-1])
        if 0.1 * vdd_V < last < 0.9 * vdd_V:
            raise _failed(f"bit {bit} ends at {last:.3f} V, neither 0 nor 1")
        count |= int(last > vdd_V / 2) << place
    return count


def _failed(why: str) -> SimulationFailure:
    return SimulationFailure(FailureKind.MEASURE_FAILED, f"head: {why}")


def _range(waveforms: Waveforms, vector: str, start_s: float, stop_s: float) -> tuple[float, float]:
    inside = waveforms.vectors[vector][(waveforms.scale >= start_s) & (waveforms.scale <= stop_s)]
    return float(inside.min()), float(inside.max())

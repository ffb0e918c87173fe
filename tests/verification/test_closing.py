"""The time base of the head: its gate closes for good, where one that stops with its window hangs half way."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from gaincell_char.circuits import converter
from gaincell_char.circuits.head.windows import closing
from gaincell_char.spice.batch import BatchEngine
from gaincell_char.spice.deck import build

VDD_V, OPEN_S, T_MAX_S = 0.9, 1e-9, 15e-9
LATEST_S = 18e-9
TIMES = (T_MAX_S, OPEN_S, LATEST_S, VDD_V)
# a window that follows the gate by 12 ps, as two gates of the fast corner do
WINDOW = (f"bfollow follow 0 v={VDD_V}*0.5*(1+tanh(30*(v(gate)-0.45)))", "rwin follow win 1k", "cwin win 0 12f")


def _stopping() -> Iterable[str]:
    t_max_s, open_s, latest_s, vdd_V = TIMES
    return [
        *converter.timer("win", "gatetimer", t_max_s),
        *converter.gate("gate", "gatetimer", open_s, latest_s, vdd_V),
    ]


def _gate(lines: Iterable[str]) -> tuple[float, float]:
    """When the gate has fallen to nine tenths of the supply, and how long it then takes to a tenth."""
    deck = build("timer", [f"vdd vdd 0 {VDD_V}", *lines, *WINDOW], ".tran 2p 19n 0 2p", ["v(gate)"])
    found = BatchEngine().run(deck)
    (high,), (low,) = (
        converter.crossings(found.scale, found.vectors["v(gate)"], part * VDD_V, rising=False) for part in (0.9, 0.1)
    )
    return float(high), float(low - high)


@pytest.mark.ngspice
def test_the_gate_closes_for_good_and_begins_to_when_a_stopping_timer_does() -> None:
    stopping_s, hanging_s = _gate(_stopping())
    closing_s, falling_s = _gate(closing("win", "gate", *TIMES))
    assert hanging_s > 200e-12, "the fault that this time base is without"
    assert falling_s < 60e-12
    assert closing_s == pytest.approx(stopping_s, abs=3e-12)
    assert closing_s == pytest.approx(OPEN_S + T_MAX_S, abs=50e-12)

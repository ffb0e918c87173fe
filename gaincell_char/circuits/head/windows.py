"""The ideal time base that closes a tile's pulse windows."""

from __future__ import annotations

from collections.abc import Iterator

from gaincell_char.circuits import converter


def closing(window: str, gate: str, t_max_s: float, open_s: float, latest_s: float, vdd_V: float) -> Iterator[str]:
    """Node `gate` is high from `open_s` until `window` has been high for `t_max_s`, at the latest until `latest_s`.

    A timer that stops with its window can stop half way through the edge of the gate, and at a fast corner the window
    then opens again for a moment. This one runs on by itself from 5 ps after it has run out: the gate closes for good.
    """
    timer = f"{gate}timer"
    yield from converter.timer(window, timer, t_max_s)
    yield f"b{timer}on 0 {timer} i=0.5e-6*(1+tanh(10000*(v({timer})-1.0003)))"
    yield f".ic v({timer})=0"
    yield from converter.gate(gate, timer, open_s, latest_s, vdd_V)

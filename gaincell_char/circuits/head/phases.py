"""The timing plan of the chain: when the control lines of the key tile, of the value tile and of the counter move."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Phases:
    """Times from the beginning of the transient (s), at the nominal condition.

    Pulse windows open by themselves, when their zero-charge columns have crossed, and a timer closes them. What follows
    the key tile's window is timed by its closing (`after`): a slow corner takes longer, and needs no other plan.
    """

    key_reset_s: float = 2.0e-9
    """The integrators of the key tile are released."""
    read_s: float = 3.0e-9
    """The query pulses begin; the longest is over T_max later."""
    key_enable_s: float = 18.3e-9
    """The replica currents of the key tile come on."""
    key_listen_s: float = 18.8e-9
    """From here on the key tile's window may open."""
    value_reset_s: float = 19.0e-9
    """The integrators of the value tile are released, before the first ReLU pulse can come."""
    value_read_s: float = 21.6e-9
    """The key tile's window opens: pulses of tokens without a key column start here."""
    latch_s: float = 37.7e-9
    """The signs are latched."""
    value_enable_s: float = 38.0e-9
    """The replica currents of the value tile come on."""
    value_listen_s: float = 39.0e-9
    """From here on the windows of the value tile may open, and the counters are released."""
    end_s: float = 65.0e-9
    key_window_s: float = 15e-9
    """T_max."""
    value_window_s: float = 15e-9 / 15.5 * 16
    """16 counter steps: a pulse of T_max ends inside."""
    latest_s: float = 30e-9
    """How long after its tile is enabled a window may close at the latest."""

    def after(self, opened_s: float, closed_s: float) -> Phases:
        """The plan where the key tile's window is open from `opened_s` to `closed_s`."""
        later = closed_s + _SETTLE_S - self.latch_s
        return replace(
            self,
            value_read_s=opened_s,
            latch_s=self.latch_s + later,
            value_enable_s=self.value_enable_s + later,
            value_listen_s=self.value_listen_s + later,
            end_s=self.value_enable_s + later + self.latest_s + 0.7e-9,
        )

    def named(self) -> tuple[tuple[str, float, float], ...]:
        """The phases as a figure shows them: name, start, stop (s)."""
        return (
            ("reset", 0.0, self.read_s),
            ("K integration", self.read_s, self.key_enable_s),
            ("K conversion = V integration", self.key_enable_s, self.latch_s),
            ("V conversion, counting", self.latch_s, self.end_s),
        )


_SETTLE_S = 1.0e-9
"""From the closing of the key tile's window, when the last ReLU pulse ends, to the latching of the signs."""

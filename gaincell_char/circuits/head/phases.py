"""The timing plan of the chain: when the control lines of the key tile, of the value tile and of the counter move."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phases:
    """Times from the beginning of the transient (s). The windows open by themselves, when their zero-charge columns
    have crossed; a timer closes them. The plan leaves room for the latest window over corners, temperature and supply.
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
    value_read_s: float = 21.35e-9
    """Where the ReLU pulses begin at the nominal condition: pulses of tokens without a key column start here."""
    key_close_s: float = 39.3e-9
    """Latest closing of the key tile's window."""
    latch_s: float = 40.0e-9
    """The signs are latched."""
    value_enable_s: float = 40.3e-9
    """The replica currents of the value tile come on."""
    value_listen_s: float = 41.3e-9
    """From here on the windows of the value tile may open, and the counters are released."""
    value_close_s: float = 64.3e-9
    """Latest closing of the value tile's windows."""
    end_s: float = 65.0e-9
    key_window_s: float = 15e-9
    """T_max."""
    value_window_s: float = 15e-9 / 15.5 * 16
    """16 counter steps: a pulse of T_max ends inside."""

    def named(self) -> tuple[tuple[str, float, float], ...]:
        """The phases as a figure shows them: name, start, stop (s)."""
        return (
            ("reset", 0.0, self.read_s),
            ("K integration", self.read_s, self.key_enable_s),
            ("K conversion = V integration", self.key_enable_s, self.latch_s),
            ("V conversion, counting", self.latch_s, self.end_s),
        )

"""Circuits that several tests of the engines run."""

from __future__ import annotations

from gaincell_char.spice.deck import build, number
from gaincell_char.spice.types import Deck

NMOS = ".model nch nmos level=14 version=4.8 toxe=1.8e-9 vth0=0.35 u0=0.03"
DIVIDER = build("divider", ["v1 in 0 0", "r1 in Out 1e3", "r2 out 0 3e3"], ".dc v1 0 1 0.25", ["v(out)", "i(v1)"])


def transistor(width_m: float = 1e-7, gate_points: int = 30, drain_points: int = 20) -> Deck:
    """A nested sweep of a BSIM4 transistor: the drain runs fastest."""
    sweep = f".dc vd 0 0.9 {number(0.9 / (drain_points - 1))} vg 0 0.9 {number(0.9 / (gate_points - 1))}"
    lines = ["vg g 0 0", "vd d 0 0", f"m1 d g 0 0 nch w={number(width_m)} l=3e-8", NMOS]
    return build("transistor", lines, sweep, ["i(vd)", "v(d)", "v(g)"])


def oscillator() -> Deck:
    """A ring that runs (practically) forever."""
    lines = ["v1 d 0 1", ".model nch nmos level=1 vto=0.3", ".ic v(n0)=1"]
    for row in range(9):
        lines += [
            f"r{row} d n{row} 1e4",
            f"c{row} n{row} 0 1e-15",
            f"m{row} n{row} n{(row - 1) % 9} 0 0 nch w=1e-5 l=1e-6",
        ]
    return build("ring", lines, ".tran 1e-13 1 0 1e-12", ["v(n0)"])

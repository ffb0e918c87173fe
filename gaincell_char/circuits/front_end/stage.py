"""What the testbenches of the bit-line front end share: its parameters and its instance."""

from __future__ import annotations

from collections.abc import Mapping

from gaincell_char.circuits.deck import number
from gaincell_char.circuits.testbench import Parameter

NETLIST = "front_end.lib"
NETLISTS = ("gates.lib", NETLIST)
PARAMETERS = (
    Parameter("front_end.cint_F", 450e-15, "F", 50e-15, 5e-12, "integrating capacitor"),
    Parameter("front_end.wamp", 2.0e-6, "m", 100e-9, 20e-6, "width of the amplifier's N device"),
    Parameter("front_end.lamp", 100e-9, "m", 30e-9, 1e-6, "length of the amplifier's devices"),
    Parameter("front_end.ratio", 2.8, "", 1.0, 20.0, "the amplifier's P width over its N width"),
    Parameter("front_end.wsw", 800e-9, "m", 40e-9, 10e-6, "width of both devices of the reset switch"),
    Parameter("front_end.reset_V", 1.4, "V", 0.7, 1.6, "high level of rst: the tile's write supply"),
)
AMPLIFIER = ("wamp", "lamp", "ratio")


def sizes(values: Mapping[str, float], names: tuple[str, ...]) -> str:
    """`name=value` of the parameters `names`, as an instance takes them."""
    return " ".join(f"{name}={number(values[name])}" for name in names)

"""The bit-line front end: netlists/front_end.lib, its design parameters and its testbenches."""

from gaincell_char.circuits.front_end import drive, reset
from gaincell_char.circuits.front_end.stage import NETLIST, PARAMETERS
from gaincell_char.circuits.testbench import Circuit

CIRCUIT = Circuit(
    name="front_end",
    summary="bit-line integrator: an auto-zeroed inverter with a capacitor around it",
    netlist=NETLIST,
    parameters=PARAMETERS,
    testbenches=(drive.TESTBENCH, reset.TESTBENCH),
)

"""The ReLU charge-to-pulse converter: netlists/charge_to_pulse.lib, its design parameters and its testbenches."""

from gaincell_char.circuits.charge_to_pulse import burst, noise, settling, transfer
from gaincell_char.circuits.charge_to_pulse.tile import ALL_PARAMETERS, NETLIST
from gaincell_char.circuits.testbench import Circuit

CIRCUIT = Circuit(
    name="charge_to_pulse",
    summary="bit-line integrator, replica current and comparator: positive charge to pulse width",
    netlist=NETLIST,
    parameters=ALL_PARAMETERS,
    testbenches=(transfer.TESTBENCH, burst.TESTBENCH, settling.TESTBENCH, noise.TESTBENCH),
)

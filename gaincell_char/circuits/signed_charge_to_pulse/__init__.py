"""The signed charge-to-pulse converter: netlists/signed_charge_to_pulse.lib, its parameters and its testbenches."""

from gaincell_char.circuits.signed_charge_to_pulse import burst, settling, transfer
from gaincell_char.circuits.signed_charge_to_pulse.tile import ALL_PARAMETERS, NETLIST
from gaincell_char.circuits.testbench import Circuit

CIRCUIT = Circuit(
    name="signed_charge_to_pulse",
    summary="bit-line integrator, sign latch, replica currents, comparator: signed charge to sign and pulse width",
    netlist=NETLIST,
    parameters=ALL_PARAMETERS,
    testbenches=(transfer.TESTBENCH, burst.TESTBENCH, settling.TESTBENCH),
)

"""The pulse counter: netlists/pulse_counter.lib with its count clock, and what is measured of them."""

from gaincell_char.circuits.pulse_counter import aperture, count, maximum, phase
from gaincell_char.circuits.pulse_counter.counter import NETLIST, PARAMETERS
from gaincell_char.circuits.testbench import Circuit

CIRCUIT = Circuit(
    name="pulse_counter",
    summary="five-bit counter of a pulse's length, with a clock that the pulse's window starts",
    netlist=NETLIST,
    parameters=PARAMETERS,
    testbenches=(count.TESTBENCH, phase.TESTBENCH, aperture.TESTBENCH, maximum.TESTBENCH),
)

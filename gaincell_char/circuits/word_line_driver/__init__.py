"""The read word-line driver: netlists/word_line_driver.lib, for input levels and for the pulses of a converter."""

from gaincell_char.circuits.testbench import Circuit
from gaincell_char.circuits.word_line_driver import buffer, load, widths
from gaincell_char.circuits.word_line_driver.driver import NETLIST, PARAMETERS

CIRCUIT = Circuit(
    name="word_line_driver",
    summary="pulses of 16 widths, and a converter's pulses, on complementary read word lines",
    netlist=NETLIST,
    parameters=PARAMETERS,
    testbenches=(widths.TESTBENCH, buffer.TESTBENCH, load.TESTBENCH),
)

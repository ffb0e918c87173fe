"""A tile of gain cells with its wires: netlists/array.lib, its parameters and its testbenches."""

from gaincell_char.circuits.array import bit_line, dc, direct, pwm, read, word_line
from gaincell_char.circuits.array.tile import NETLIST, PARAMETERS
from gaincell_char.circuits.testbench import Circuit

CIRCUIT = Circuit(
    name="array",
    summary="tile of gain cells with wire resistance and capacitance on bit lines, word lines and supply rails",
    netlist=NETLIST,
    parameters=PARAMETERS,
    testbenches=(
        direct.TESTBENCH,
        read.TESTBENCH,
        dc.TESTBENCH,
        pwm.TESTBENCH,
        word_line.TESTBENCH,
        bit_line.TESTBENCH,
    ),
)

"""The push-pull gain cell: netlists/gain_cell.lib, its design parameters and its testbenches."""

from gaincell_char.circuits.gain_cell import iv, pulse, read_disturb, retention, write, write_disturb
from gaincell_char.circuits.gain_cell.cell import NETLIST, PARAMETERS
from gaincell_char.circuits.testbench import Circuit

CIRCUIT = Circuit(
    name="gain_cell",
    summary="push-pull gain cell with write transmission gate and storage capacitor",
    netlist=NETLIST,
    parameters=PARAMETERS,
    testbenches=(
        iv.TESTBENCH,
        pulse.TESTBENCH,
        write.TESTBENCH,
        retention.TESTBENCH,
        read_disturb.TESTBENCH,
        write_disturb.TESTBENCH,
    ),
)

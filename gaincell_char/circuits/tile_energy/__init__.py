"""What a tile takes beside its converters: cells from their rail, control lines, references, power at rest."""

from gaincell_char.circuits.gain_cell.cell import NETLIST, PARAMETERS
from gaincell_char.circuits.testbench import Circuit
from gaincell_char.circuits.tile_energy import cells, key, value

CIRCUIT = Circuit(
    name="tile_energy",
    summary="energy of cells, control lines and references of a tile",
    netlist=NETLIST,
    parameters=PARAMETERS,
    testbenches=(cells.TESTBENCH, key.TESTBENCH, value.TESTBENCH),
)

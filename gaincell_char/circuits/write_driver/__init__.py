"""The write driver: netlists/write_driver.lib, one of 8 levels onto a write bit line."""

from gaincell_char.circuits.testbench import Circuit
from gaincell_char.circuits.write_driver import write
from gaincell_char.circuits.write_driver.driver import NETLIST, PARAMETERS

CIRCUIT = Circuit(
    name="write_driver",
    summary="level selector with boosted thick-oxide gates for a write bit line",
    netlist=NETLIST,
    parameters=PARAMETERS,
    testbenches=(write.TESTBENCH,),
)

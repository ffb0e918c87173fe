"""Schematics from a placement description, checked against the netlist that they draw."""

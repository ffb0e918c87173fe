"""Heads of transistors against heads of arrays: the same random cases through ngspice and through the model."""

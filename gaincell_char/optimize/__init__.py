"""Which cell spends least for the loss it may cost: designs from ngspice, a model between them, a front from SciPy."""

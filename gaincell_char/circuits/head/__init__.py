"""One output of a head at transistor level: query pulses, a key tile, ReLU pulses, a value column, a code."""

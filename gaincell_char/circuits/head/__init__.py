"""One output of a head at transistor level: query pulses, a key tile, ReLU converters, a value column, a signed code."""

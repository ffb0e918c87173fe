"""A behavioral model's cell for circuit simulators: SPICE and Verilog-A."""

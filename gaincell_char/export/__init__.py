"""A behavioral model for other tools: SPICE, Verilog-A, torch."""

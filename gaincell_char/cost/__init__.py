"""Energy, latency and area of analog attention: from measured circuits, and from the paper's constants."""

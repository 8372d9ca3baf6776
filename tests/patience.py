"""How long a test waits for what must come: generously, for a busy machine is no failure."""

PATIENCE_S = 60.0  # seconds; who waits longer has found a fault. How fast things are, `make bench` says

"""How much one core of the loopback venue takes: `python -m benchmarks.venue`."""

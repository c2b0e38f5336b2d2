"""Chaos: everything goes wrong at once, and the venue's own ledger judges."""

"""
Side by side with lighter-sdk on the loopback venue: `python -m benchmarks`, or `make bench`.

Rules of this package
---------------------
- Clients are compared within one run only: same machine, same minute, same venue settings.
- Every case has a fresh venue, in a process of its own; every client runs in a process of its own.
- What became of an order is said by the venue's ledger; a client only says what it told its caller.
- Nothing here is a promise: no threshold, no assertion, no stored figure.
"""

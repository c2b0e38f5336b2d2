"""
The venue's law, pure: what Lighter admits, executes, remembers and shows.

What may live here: state, decisions, rows and frames as values; time is an argument. What must not:
sockets, HTTP, event loops, clocks (import contract "loopback-law").
"""

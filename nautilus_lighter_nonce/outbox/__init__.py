"""
The outbox of one key: every transaction from its place to its proved outcome.

What lives here: pure law over the lane (`docs/evidence.md`). It knows no clock, loop, log or
socket; the shell that carries its work out is `dispatch.dispatcher`.
"""

"""
The outbox of one key: every transaction from its request to its proved end.

What lives here: pure law over the lane. It knows no clock, loop, log or socket; the shell that
carries its work out is `dispatch`.
"""

"""
Strict clients that none of us wrote, trading on a loopback venue.

`check` is the command; each `play_*` is a script for the environment of its client and must import
nothing but the standard library and that client.
"""

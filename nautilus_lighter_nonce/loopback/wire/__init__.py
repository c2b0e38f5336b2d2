"""
The venue on the wire: REST and WebSocket around the law, and how frames travel.

What may live here: aiohttp, timers, connections. What must not: nonces, orders, verdicts; those are
`venue`'s, and the wire only carries what it says.
"""

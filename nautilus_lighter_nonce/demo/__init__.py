"""
The demo: a real `TradingNode` that trades on a loopback venue while faults are injected.

What lives here: a quoting strategy (`strategy`), what is done to the venue and when (`script`),
what is shown meanwhile (`tally`, `table`), what the node says of its orders (`claims`), what the
venue's judge made of that (`summary`), and the run that ties them together (`run`).
"""

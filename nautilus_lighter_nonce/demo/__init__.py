"""
The demo: a real `TradingNode` that trades on a loopback venue while faults are injected.

What lives here: a quoting strategy (`strategy`), what is done to the venue and when (`script`),
what is shown meanwhile (`tally`, `table`), the judgement at the end (`judge`), and the run that
ties them together (`run`). The judgement trusts the venue's ledger, never the node's own claims.
"""

"""
Where the venue's processor time goes: the same transactions through the law alone, in this process.

Rule of this file: what is measured is processor time; what is left of the venue's own is the wire.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import msgspec

from benchmarks.venue.sender import CHANNELS
from benchmarks.venue.transactions import Written
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.keys import DEMO_ACCOUNT_INDEX
from nautilus_lighter_nonce.loopback.venue import txhash
from nautilus_lighter_nonce.loopback.venue.channels import Channel
from nautilus_lighter_nonce.loopback.venue.engine import Engine
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from nautilus_lighter_nonce.loopback.venue.replies import Happening
from nautilus_lighter_nonce.loopback.venue.replies import Submission
from nautilus_lighter_nonce.loopback.venue.streams import Streams


CHAIN_ID: Final = 300


def hash_secs(transactions: Sequence[Written]) -> float:
    """Return the processor time that their hashes take, seconds."""
    bodies = [(w.tx_type, msgspec.json.decode(w.tx_info)) for w in transactions]
    began = time.process_time()
    for tx_type, body in bodies:
        txhash.tx_hash(CHAIN_ID, tx_type, body)
    return time.process_time() - began


def law_secs(transactions: Sequence[Written], now_ns: int) -> float:
    """Return the processor time of admission, execution and private frames, hashes included."""
    config = VenueConfig()
    wanted = {Channel(family, DEMO_ACCOUNT_INDEX) for family in CHANNELS}

    def listen(happening: Happening) -> None:
        for _ in streams.updates(happening, wanted):
            pass

    engine = Engine(config, listen)
    streams = Streams(engine.state)
    delay_ns = int(config.execution_delay_ms * 1_000_000)
    began = time.process_time()
    for written in transactions:
        submission = Submission(
            transport=Transport.WS,
            connection=1,
            tx_types=(written.tx_type,),
            tx_infos=(written.tx_info,),
        )
        engine.submit(submission, now_ns)
        now_ns += delay_ns
        engine.run_due(now_ns)
    return time.process_time() - began

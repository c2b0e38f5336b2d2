"""The shell of the outbox: carries out its work on the loop, the wire and the bus."""

from nautilus_lighter_nonce.dispatch.dispatcher import TxDispatcher
from nautilus_lighter_nonce.dispatch.lane_door import LaneDoor


__all__ = ["LaneDoor", "TxDispatcher"]

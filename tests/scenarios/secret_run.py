"""A node in a process of its own that goes through everything a secret might leak by."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

from nautilus_trader.config import LoggingConfig

from nautilus_lighter_nonce.loopback import VenueProcess
from tests.nodes import Node
from tests.nodes import until


def main(directory: Path, port: int) -> None:
    """Start, trade, fault, halt, stop; write all that was published and raised."""
    told = directory / "told.txt"

    class Venue:
        http_url = f"http://127.0.0.1:{port}"

    async def story(node: Node) -> None:
        (s,) = node.strategies
        first = s.limit()
        await until(lambda: first.is_open)
        control.control({"fault": "refuse"})
        control.control({"fault": "close_sockets", "after": 2})
        for _ in range(5):
            s.limit()
        await until(lambda: s.counts()["Accepted"] == 5)
        node.nonces.halt(700, 5, "drill")
        denied = s.limit()
        await until(lambda: denied.is_closed)

    logging = LoggingConfig(log_level="DEBUG", log_level_file="DEBUG", log_directory=str(directory))
    control = VenueProcess(port=port)
    node = Node(Venue(), logging=logging)
    shown: list[Any] = [node.client, node.nonces, node.client._signer, node.client._http]
    shown += [node.client.__dict__, node.client._stream.__dict__, node.client._signer.__dict__]
    try:
        node.run(story)
    except Exception:
        shown.append(traceback.format_exc())
        raise
    finally:
        told.write_text("\n".join(repr(x) for x in (*shown, *node.published)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

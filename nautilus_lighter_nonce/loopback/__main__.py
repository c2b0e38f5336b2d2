"""
`python -m nautilus_lighter_nonce.loopback`: a loopback venue until it is interrupted.

It writes one line of JSON with its port and URLs to standard output when it listens. With
`--stdin-guard` it ends when its standard input ends, so that it never outlives its parent.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys

import msgspec

from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.process import Announcement
from nautilus_lighter_nonce.loopback.server import LoopbackVenue


def main(arguments: list[str] | None = None) -> None:
    """
    Run a venue.

    Parameters
    ----------
    arguments : list[str], optional
        The command line, that of the process by default.

    """
    parser = argparse.ArgumentParser(prog="python -m nautilus_lighter_nonce.loopback")
    parser.add_argument("--port", type=int, default=0, help="TCP port, 0 takes a free one")
    parser.add_argument("--config", default="{}", help="a VenueConfig as JSON")
    parser.add_argument("--stdin-guard", action="store_true", help="end when stdin ends")
    options = parser.parse_args(arguments)
    try:
        config = msgspec.json.decode(options.config, type=VenueConfig)
    except msgspec.DecodeError as e:
        parser.error(f"config: {e}")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(config, options.port, guard=options.stdin_guard))


async def _serve(config: VenueConfig, port: int, *, guard: bool) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with LoopbackVenue(config, port) as venue:
        announcement = Announcement(venue.port, venue.http_url, venue.ws_url)
        sys.stdout.buffer.write(msgspec.json.encode(announcement) + b"\n")
        sys.stdout.flush()
        if guard:
            await _watch_stdin(ended)
        await ended.wait()


async def _watch_stdin(ended: asyncio.Event) -> None:
    class Guard(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            ended.set()

    await asyncio.get_running_loop().connect_read_pipe(Guard, sys.stdin)


if __name__ == "__main__":
    main()

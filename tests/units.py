"""
Which tests are unit tests: all but those that play a story, or use sockets or other processes.

Rule of this file: paths only. What is no unit is named here, with the reason for which it is none;
a new test file is a unit test until somebody says otherwise.
"""

from __future__ import annotations

from pathlib import Path


TESTS = Path(__file__).parent

STORIES = (
    "cases",
    "chaos",
    "clients",
    "regressions",
    "scenarios",
    "test_demo.py",
)
"""Real nodes on a real venue, in real time."""

SOCKETS = (
    "dispatch/test_transport_http.py",
    "dispatch/test_transport_ws.py",
    "lighter/test_http.py",
    "lighter/test_stream.py",
    "lighter/test_stream_channels.py",
    "lighter/test_stream_turns.py",
    "loopback/test_law_commands.py",
    "loopback/test_law_levers.py",
    "loopback/test_models.py",
    "loopback/test_new_markets.py",
    "loopback/test_samples.py",
    "loopback/test_sdk.py",
    "loopback/test_server.py",
    "loopback/test_ways.py",
    "loopback/wire/test_answers.py",
    "loopback/wire/test_back_door.py",
    "loopback/wire/test_channels.py",
    "loopback/wire/test_closing.py",
    "loopback/wire/test_connection.py",
    "loopback/wire/test_frames.py",
    "loopback/wire/test_gate.py",
    "loopback/wire/test_hold.py",
    "loopback/wire/test_ledger.py",
    "loopback/wire/test_levers.py",
    "loopback/wire/test_reads.py",
    "loopback/wire/test_rest.py",
    "loopback/wire/test_session.py",
    "loopback/wire/test_uvloop.py",
    "test_providers.py",
)
"""Something listens on 127.0.0.1."""

PROCESSES = (
    "loopback/test_process.py",
    "loopback/test_pytest_plugin.py",
    "test_benchmarks.py",
    "test_benchmarks_venue.py",
    "test_benchmarks_way.py",
    "test_cli.py",
    "test_docs.py",
    "test_imports.py",
    "test_makefile.py",
    "test_without_nautilus.py",
)
"""Fresh interpreters are started."""

NO_UNITS = STORIES + SOCKETS + PROCESSES


def is_unit(path: Path) -> bool:
    """Return whether a test file, or folder, is one of unit tests."""
    if not path.is_relative_to(TESTS):
        return False
    inside = path.relative_to(TESTS)
    return not any(inside.is_relative_to(name) for name in NO_UNITS)

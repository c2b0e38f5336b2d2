"""
What holds for every test: the caller's pytest settings do not, and units know no real time.

`--units` runs the unit tests alone; `tests/units.py` says which they are.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from tests.units import is_unit
from tests.virtual_time import StandingClock
from tests.virtual_time import VirtualLoop
from tests.virtual_time import monotonic_ns


os.environ.pop("PYTEST_ADDOPTS", None)  # no pytest that a test starts is told what ours was told

settings.register_profile("house", deadline=None)  # how fast an example is depends on the machine
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our option."""
    parser.addoption("--units", action="store_true", help="run the unit tests alone")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import nothing but units if only they are wanted."""
    if config.getoption("--units") and not is_unit(collection_path):
        return True
    return None


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Give a unit test a loop whose time no machine can slow down."""
    return {"virtual": VirtualLoop} if is_unit(item.path) else {"real": asyncio.new_event_loop}


@pytest.fixture(autouse=True)
def _virtual_time(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every clock of a unit test stand still but for what its loop moves it."""
    if is_unit(request.path):
        clock = StandingClock()
        monkeypatch.setattr(time, "time", clock.time)
        monkeypatch.setattr(time, "time_ns", clock.time_ns)
        monkeypatch.setattr(time, "monotonic_ns", monotonic_ns)
        monkeypatch.setattr(time, "sleep", _refuse_to_sleep)


def _refuse_to_sleep(seconds: float) -> None:
    raise AssertionError(f"a unit test sleeps for {seconds} real seconds: see tests/units.py")

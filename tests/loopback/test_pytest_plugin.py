"""The `lighter_venue` fixture, as a test of ours uses it; `test_process` runs it as others do."""

from __future__ import annotations

import os

import pytest

from nautilus_lighter_nonce.loopback import VenueProcess


def test_fixture_is_a_fresh_venue_in_another_process(lighter_venue: VenueProcess) -> None:
    """With the config's defaults, and an empty ledger."""
    assert lighter_venue.pid not in (None, os.getpid())
    assert lighter_venue.config.latency_ms == 0
    assert lighter_venue.ledger() == []


@pytest.mark.lighter_venue(latency_ms=7, levers=[{"fault": "refuse"}])
def test_fixture_is_made_with_the_markers_fields(lighter_venue: VenueProcess) -> None:
    """Converted as from JSON: a lever is a lever."""
    assert lighter_venue.config.latency_ms == 7
    assert [lever.fault.value for lever in lighter_venue.config.levers] == ["refuse"]


def test_marker_is_known_to_pytest(pytestconfig: pytest.Config) -> None:
    """`--strict-markers` takes it, with a word on what it does."""
    lines = pytestconfig.getini("markers")
    assert any(line.startswith("lighter_venue(") for line in lines)

"""The documents tell the truth: examples run, tables agree with the code."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from nautilus_lighter_nonce import LighterExecClientConfig
from nautilus_lighter_nonce import LighterNonceConfig
from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.core import errors
from nautilus_lighter_nonce.core import lane
from nautilus_lighter_nonce.loopback.config import SETTABLE
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.venue import channels
from nautilus_lighter_nonce.loopback.venue import control
from nautilus_lighter_nonce.loopback.venue import endpoints
from nautilus_lighter_nonce.loopback.venue.commands import LAW_COMMANDS
from nautilus_lighter_nonce.loopback.venue.engine import Engine
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.faults import Lever
from nautilus_lighter_nonce.loopback.venue.judgement import Told
from nautilus_lighter_nonce.loopback.venue.ledger import Ledger
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from nautilus_lighter_nonce.loopback.venue.ledger_rows import write_row


ROOT = Path(__file__).parents[1]
REFERENCE = (ROOT / "docs" / "reference.md").read_text()


def test_readme_example_buys() -> None:
    """The README's twenty lines run as they stand."""
    text = (ROOT / "README.md").read_text()
    found = re.search(r"<!-- example: first order -->\n```python\n(.*?)```", text, re.DOTALL)
    assert found is not None
    run = subprocess.run(
        [sys.executable, "-c", found.group(1)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "bought 0.0100 ETH at 2000.50" in run.stdout, run.stderr[-2_000:]
    assert run.returncode == 0, run.stderr[-2_000:]


def test_state_table_of_concepts_is_the_one_in_the_code() -> None:
    """Every move is documented, and no other."""
    assert lane.__doc__ is not None
    ruler = re.compile(r"^(=+) (=+) +(=+) (=+)$", re.MULTILINE)
    found = ruler.search(lane.__doc__)
    assert found is not None
    starts = [found.start(i) - found.start() for i in (1, 2, 3, 4)]
    body = lane.__doc__.split(found.group(0))[2]
    ends = [*starts[1:], None]
    in_code = [
        tuple(line[a:b].strip() for a, b in zip(starts, ends, strict=True))
        for line in body.strip().splitlines()
    ]
    concepts = (ROOT / "docs" / "concepts.md").read_text()
    table = concepts.split("<!-- lane table -->")[1].strip().split("\n\n")[0]
    in_docs = [
        tuple(c.strip() for c in row.strip("|").split("|")) for row in table.splitlines()[2:]
    ]
    assert len(in_code) > 10
    assert in_docs == in_code


@pytest.mark.parametrize("config", [LighterNonceConfig, LighterExecClientConfig])
def test_reference_names_every_config_field(config: type[msgspec.Struct]) -> None:
    """No setting is undocumented."""
    missing = [f for f in config.__struct_fields__ if f"`{f}`" not in REFERENCE]
    assert missing == []


def test_reference_names_every_event_and_topic() -> None:
    """No event is undocumented."""
    for event in (*events.VERDICT_EVENTS, *events.NONCE_EVENTS, *events.ORDER_EVENTS):
        assert f"`{event.__name__}`" in REFERENCE
        assert f"`{event.topic_root}.{event.kind}.{{account}}.{{key}}`" in REFERENCE


def test_reference_names_every_nonce_error() -> None:
    """No error is undocumented."""
    names = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.NonceError)
    ]
    assert [name for name in names if name not in REFERENCE] == []


def test_reference_names_everything_that_the_loopback_venue_answers() -> None:
    """Every read and every family of channels is in the table."""
    families = channels.ACCOUNT_FAMILIES | channels.MARKET_FAMILIES | channels.AUTH_FAMILIES
    names = {*endpoints.QUERIES, "nextNonce", "tx", *families, *channels.ALL_FAMILIES, "candle"}
    table = REFERENCE.split("## What the loopback venue answers")[1]
    said = set(re.findall(r"`([A-Za-z0-9_-]+)(?:/[^`]*)?`", table))
    assert names <= said


def _rows(mark: str) -> list[list[str]]:
    """Return the cells of a marked table of the reference, its two head rows left out."""
    table = REFERENCE.split(f"<!-- {mark} -->")[1].split("<!-- end -->")[0].strip()
    return [row.strip("| ").split(" | ") for row in table.splitlines()[2:]]


def _named(mark: str, column: int = 0) -> list[str]:
    """Return what a column of a marked table names."""
    return [name for row in _rows(mark) for name in re.findall(r"`([a-z0-9_]+)`", row[column])]


def test_reference_names_every_setting_of_the_loopback_venue() -> None:
    """Every field of the venue's config has its row, no other, and says if it can be set."""
    assert sorted(_named("loopback settings")) == sorted(VenueConfig.__struct_fields__)
    settable = [
        name
        for row in _rows("loopback settings")
        if row[2].strip() == "yes"
        for name in re.findall(r"`(\w+)`", row[0])
    ]
    assert sorted(settable) == sorted(SETTABLE)


def test_reference_names_every_lever_of_the_loopback_venue() -> None:
    """Every fault and every field of a lever is documented, and no other."""
    assert sorted(_named("loopback faults")) == sorted(fault.value for fault in Fault)
    assert sorted(_named("loopback lever fields")) == sorted(Lever.__struct_fields__)


def test_reference_names_every_command_of_the_loopback_venue() -> None:
    """Every control command is documented with its fields, and no other."""
    assert sorted(_named("loopback commands")) == sorted(
        ["fault", *control.COMMANDS, *LAW_COMMANDS]
    )
    fields = {
        row[0].strip("`"): re.findall(r"`(\w+)`", row[1]) for row in _rows("loopback commands")
    }
    said = {name: sorted(fields[name]) for name in LAW_COMMANDS}
    assert said == {
        name: sorted(command.__struct_fields__) for name, command in LAW_COMMANDS.items()
    }


def test_reference_names_every_field_of_the_ledger() -> None:
    """Every field of a write has its row, and no other."""
    entry = Ledger().open(ts_ns=1, transport=Transport.WS, connection=1, tx_type=14, tx=None)
    assert sorted(_named("ledger write")) == sorted(write_row(entry))


def test_reference_names_every_word_of_the_judgement() -> None:
    """What can be told, and every list that the judgement may hold, is defined."""
    assert sorted(_named("ledger told")) == sorted(told.value for told in Told)
    lists = {
        name for name, value in Engine(VenueConfig(), print).summary([]).items() if value == []
    }
    assert sorted(_named("ledger words")) == sorted(lists)

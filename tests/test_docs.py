"""The documents tell the truth: examples run, tables agree with the code."""

from __future__ import annotations

import ast
import builtins
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from nautilus_lighter_nonce import LighterExecClientConfig
from nautilus_lighter_nonce import LighterNonceConfig
from nautilus_lighter_nonce import cli
from nautilus_lighter_nonce import events
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
from tests import drawing_of_the_house as house


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
        timeout=300,
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


@pytest.mark.parametrize(
    ("mark", "config"),
    [("client config", LighterExecClientConfig), ("nonce config", LighterNonceConfig)],
)
def test_reference_names_every_config_field(mark: str, config: type[msgspec.Struct]) -> None:
    """Every setting has its row, no other, and a number or a flag has its true default."""
    assert sorted(_named(mark)) == sorted(config.__struct_fields__)
    made = config()
    for field, default, _ in _rows(mark):
        value = getattr(made, field.strip("` "))
        if isinstance(value, int):
            assert default.strip() == str(value).lower(), field


def test_reference_names_every_event_and_topic() -> None:
    """Every event has its topic's row, and no other."""
    known = {
        (f"{event.topic_root}.{event.kind}.{{account}}.{{key}}", event.__name__)
        for event in (*events.VERDICT_EVENTS, *events.NONCE_EVENTS, *events.ORDER_EVENTS)
    }
    assert {(topic.strip("`"), name.strip("`")) for topic, name in _rows("topics")} == known


def test_reference_names_every_message_to_the_endpoint() -> None:
    """What a foreign client may send there besides verdicts is documented, and no other."""
    known = {
        name
        for name, value in vars(events).items()
        if isinstance(value, type) and issubclass(value, msgspec.Struct)
    }
    said = {row[0].strip("`") for row in _rows("endpoint messages")}
    assert said == known - {"IssuedNonce"}


def test_reference_names_every_error() -> None:
    """Every exception of the package has its row with what it is a kind of, and no other."""
    said = {
        row[0].strip("`"): [base.strip("` ") for base in row[1].split(",")]
        for row in _rows("errors")
    }
    assert said == _exceptions()


def _exceptions() -> dict[str, list[str]]:
    """Return the exceptions that the package defines, with their bases, without importing them."""
    bases = {
        node.name: [ast.unparse(base) for base in node.bases]
        for path in house.files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    }

    def is_exception(name: str) -> bool:
        if name in bases:
            return any(is_exception(base) for base in bases[name])
        value = getattr(builtins, name, None)
        return isinstance(value, type) and issubclass(value, BaseException)

    return {name: known for name, known in bases.items() if is_exception(name)}


def test_reference_names_every_command_and_option() -> None:
    """Every option of the command line is documented with its default, and no other."""
    commands = {"": cli.main, **cli.main.commands}
    known = {
        name: sorted(option.opts[0] for option in command.params if option.opts[0].startswith("-"))
        for name, command in commands.items()
    }
    rows = [(row[0].strip("`").split(), row[1]) for row in _rows("command line")]
    said = {
        (words[1] if len(words) > 1 else ""): sorted(re.findall(r"`(--[a-z-]+)`", options))
        for words, options in rows
    }
    assert said == known
    for words, options in rows:
        defaults = dict(re.findall(r"`(--[a-z-]+)` \((\d+)", options))
        for option in commands[words[1] if len(words) > 1 else ""].params:
            if isinstance(option.default, int | float) and not isinstance(option.default, bool):
                assert float(defaults[option.opts[0]]) == option.default, option.name


# -- THE HOUSE ------------------------------------------------------------------------------------

REDRAW = "run python -m tests.drawing_of_the_house --write"


def test_map_of_concepts_has_every_arrow_of_the_imports() -> None:
    """An import that adds an arrow, or takes the last one away, is drawn."""
    concepts = (ROOT / "docs" / "concepts.md").read_text()
    assert house.between(concepts, house.MAP) == house.drawn_map(), REDRAW


def test_rooms_have_every_file_and_what_it_says_of_itself() -> None:
    """No file of the package, the loopback venue's included, is without its row."""
    rooms = (ROOT / "docs" / "rooms.md").read_text()
    assert house.between(rooms, house.ROOMS) == house.drawn_rooms(), REDRAW


def test_every_file_says_what_lives_in_it() -> None:
    """A file states its rule first."""
    assert [path for path in house.files() if not house.words_of(path)] == []


def test_arrows_that_follow_from_others_are_left_out() -> None:
    """The map stays readable, and a circle of imports ends no drawing."""
    arrows = {("a", "b"): False, ("b", "c"): True, ("a", "c"): False}
    assert house.reduced(arrows) == {("a", "b"): False, ("b", "c"): True}
    assert house.reduced({("a", "b"): False, ("b", "a"): False}) != {}


PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def _is_there(name: str, page: Path) -> bool:
    """Return whether a name in a page is one of a file or folder of the repository."""
    homes = (ROOT, ROOT / "nautilus_lighter_nonce", page.parent)
    return any((home / name).exists() for home in homes)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page_names_files_that_are_there(page: Path) -> None:
    """A path that is named, and a page that is linked, exists."""
    text = page.read_text()
    named = re.findall(r"`([\w.-]+/[\w./-]*\.(?:py|md|json|toml))`", text)
    linked = re.findall(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)", text)
    assert [name for name in (*named, *linked) if not _is_there(name, page)] == []


def test_docstrings_name_pages_that_are_there() -> None:
    """What the code quotes can be read."""
    named = {
        name for path in house.files() for name in re.findall(r"`(docs/[^`]+)`", path.read_text())
    }
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_pre_commit_calls_what_make_check_calls() -> None:
    """Nobody passes one and falls over the other."""
    check = (ROOT / "Makefile").read_text().split("\ncheck:")[1].split("\n\n")[0]
    made = re.findall(r"@\$\(BIN\)/(.+)", check)
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"entry: \.venv/bin/(.+)", hooks) == made
    assert len(made) > 3


# -- THE LOOPBACK VENUE ---------------------------------------------------------------------------


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

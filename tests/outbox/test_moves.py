"""
The table of a transaction's states: what it says, that every row is needed, and that it is drawn.

Each row is taken out in turn, and the stories of `test_outbox*` that took it are told again: at
least one must miss it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from nautilus_lighter_nonce.outbox import entry as entries
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.moves import DOUBTFUL
from nautilus_lighter_nonce.outbox.moves import ENDING_NEWS
from nautilus_lighter_nonce.outbox.moves import FINAL
from nautilus_lighter_nonce.outbox.moves import MOVES
from nautilus_lighter_nonce.outbox.moves import Guard
from nautilus_lighter_nonce.outbox.moves import Input
from nautilus_lighter_nonce.outbox.moves import Move
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.moves import Why
from nautilus_lighter_nonce.outbox.moves import index
from nautilus_lighter_nonce.outbox.moves import rows
from tests.outbox import drawing


Story = Callable[[], None]

CONCEPTS = Path(__file__).parents[2] / "docs" / "concepts.md"


def _stories() -> Iterator[Story]:
    for path in sorted(Path(__file__).parent.glob("test_outbox*.py")):
        for name, story in vars(import_module(f"tests.outbox.{path.stem}")).items():
            if name.startswith("test_") and not inspect.signature(story).parameters:
                yield story


def _by_row(monkeypatch: pytest.MonkeyPatch) -> dict[Move, list[Story]]:
    """Return which stories take which row."""
    taken: dict[Move, list[Story]] = {}
    real = Entry._go
    telling: list[Story] = []

    def go(self: Entry, move: Move) -> None:
        told = taken.setdefault(move, [])
        if telling[-1] not in told:
            told.append(telling[-1])
        real(self, move)

    monkeypatch.setattr(Entry, "_go", go)
    for story in _stories():
        telling.append(story)
        story()
    monkeypatch.undo()
    return taken


def _is_missed(story: Story) -> bool:
    try:
        story()
    except Exception:  # noqa: BLE001 (however it shows)
        return True
    return False


def test_every_row_is_missed_by_a_story_when_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that nothing misses is no law: it is deleted, or a story tells of it."""
    by_row = _by_row(monkeypatch)
    unmissed = []
    for gone in MOVES:
        without = index(tuple(move for move in MOVES if move is not gone))
        monkeypatch.setattr(
            entries, "rows", lambda state, given, by=without: by.get((state, given), ())
        )
        if not any(_is_missed(story) for story in by_row.get(gone, ())):
            unmissed.append(f"{gone.state.name} {gone.input.name} {gone.guard.name}")
        monkeypatch.undo()
    assert unmissed == []


def test_final_states_have_no_rows() -> None:
    """ALIVE and ENDED are final: what comes later is logged."""
    assert not any(move.state in FINAL for move in MOVES)


def test_no_row_stands_behind_one_that_always_holds() -> None:
    """The first row whose guard holds is the move: a row behind ALWAYS is dead text."""
    for case in index(MOVES).values():
        assert all(move.guard is not Guard.ALWAYS for move in case[:-1])


def test_ends_are_told_with_a_reason() -> None:
    """Every row to ENDED but those that keep an earlier reason names one, and each has its news."""
    for move in MOVES:
        if move.next is TxState.ENDED and move.input is not Input.REVERTED:
            assert move.why is not None or move.state is TxState.UNWANTED
    assert set(ENDING_NEWS) == set(Why)


def test_shown_wins_in_every_state_that_is_not_final() -> None:
    """A private frame of its order, or an executed record of its hash, wins in any state."""
    for state in set(TxState) - FINAL - {TxState.BOUND}:  # what is bound is given back first
        assert [move.next for move in rows(state, Input.SHOWN)] == [TxState.ALIVE]
        assert [move.next for move in rows(state, Input.REVERTED)] == [TxState.ENDED]


def test_nothing_leads_from_a_doubt_to_an_end_without_all_writes_dead() -> None:
    """Rule 4: dead is dead when all its writes are."""
    for move in MOVES:
        is_proved = move.guard in (Guard.DEAD, Guard.KEPT) or move.input is Input.REVERTED
        if move.state in DOUBTFUL and move.next in (TxState.ENDED, TxState.WAITING):
            assert is_proved, move


def test_input_without_a_row_changes_nothing() -> None:
    """An input without a row changes nothing."""
    assert rows(TxState.ALIVE, Input.CANCEL) == ()


def test_documented_table_is_the_one_in_the_code() -> None:
    """`python -m tests.outbox.drawing` draws it anew."""
    text = CONCEPTS.read_text()
    assert drawing.drawn() in text, "run python -m tests.outbox.drawing"

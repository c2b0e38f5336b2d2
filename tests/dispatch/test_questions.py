"""Questions: what the shell asks over REST, and what counts as no answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from nautilus_lighter_nonce.dispatch import questions as room
from nautilus_lighter_nonce.dispatch.questions import Questions
from nautilus_lighter_nonce.lighter.transactions import TxRecord
from nautilus_lighter_nonce.outbox import work as w
from tests.rooms import Log
from tests.rooms import at_once
from tests.stubs import ACCOUNT
from tests.stubs import KEY


class Index:
    """The venue's REST answers, as the test wrote them; an exception is raised."""

    def __init__(self) -> None:
        self.counter: Any = 10
        self.records: dict[str, Any] = {}
        self.rows: Any = []
        self.asked: list[Any] = []

    async def next_nonce(self, account_index: int, api_key_index: int) -> Any:
        return await self._answer(("nextNonce", account_index, api_key_index), self.counter)

    async def tx_by_hash(self, tx_hash: str) -> TxRecord | None:
        record: TxRecord | None = await self._answer(tx_hash, self.records.get(tx_hash))
        return record

    async def account_txs(self, account_index: int) -> list[TxRecord]:
        rows: list[TxRecord] = await self._answer(account_index, self.rows)
        return rows

    async def _answer(self, asked: Any, answer: Any) -> Any:
        self.asked.append(asked)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, asyncio.Event):
            await answer.wait()
        return answer


class Desk:
    """Questions for one key, and what they were answered with."""

    def __init__(self) -> None:
        self.index = Index()
        self.log = Log()
        self.questions = Questions(self.index, (ACCOUNT, KEY), self.log)

    async def find(self, *hashes: str, by_nonce: bool = False) -> list[TxRecord]:
        return await self.questions.find(w.LookUp(10, hashes, by_nonce))


def _record(tx_hash: str, api_key_index: int = KEY) -> TxRecord:
    return TxRecord(hash=tx_hash, nonce=10, api_key_index=api_key_index)


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each deadline be over at once."""
    monkeypatch.setattr(room, "QUESTION_SECS", 1e-9)


# -- THE COUNTER ----------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [10, 0, None, "ten", -1])
async def test_next_nonce_returns_what_was_answered_of_whatever_type(value: Any) -> None:
    """An answer of nothing is an answer: the lane weighs it."""
    desk = Desk()
    desk.index.counter = value
    assert await desk.questions.next_nonce() == [value]
    assert desk.index.asked == [("nextNonce", ACCOUNT, KEY)]


@pytest.mark.usefixtures("no_patience")
async def test_next_nonce_that_is_not_answered_in_time_is_no_answer() -> None:
    """Every question has a deadline; silence proves nothing."""
    desk = Desk()
    desk.index.counter = asyncio.Event()
    assert await desk.questions.next_nonce() == []


@pytest.mark.parametrize("error", [OSError("x"), KeyError("x"), TimeoutError(), RuntimeError("x")])
async def test_next_nonce_that_raises_is_no_answer(error: Exception) -> None:
    """Whatever a gate raises, no task ends by it."""
    desk = Desk()
    desk.index.counter = error
    assert await desk.questions.next_nonce() == []


async def test_next_nonce_that_is_cancelled_is_cancelled() -> None:
    """A stop is no answer either, and must not be eaten."""
    desk = Desk()
    desk.index.counter = asyncio.Event()
    asking = at_once(desk.questions.next_nonce())
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_question_that_fails_is_warned_of_once_per_question_and_kind() -> None:
    """A venue that is away must not fill a log, nor hide a second fault behind the first."""
    desk = Desk()
    counts = []
    for counter in (OSError("1"), OSError("2"), KeyError("3"), OSError("4"), 10):
        desk.index.counter = counter
        await desk.questions.next_nonce()
        counts.append(desk.log.count("warning"))
    desk.index.records["a"] = OSError("5")
    await desk.find("a")
    await desk.find("a")
    assert [*counts, desk.log.count("warning")] == [1, 1, 2, 2, 2, 3]


# -- RECORDS --------------------------------------------------------------------------------------


async def test_find_asks_for_each_copy_in_order_and_returns_what_is_known() -> None:
    """A hash that the index does not know is no record."""
    desk = Desk()
    desk.index.records = {"a": _record("a"), "c": _record("c")}
    assert await desk.find("a", "b", "c") == [_record("a"), _record("c")]
    assert desk.index.asked == ["a", "b", "c"]


async def test_find_ignores_a_record_of_another_hash() -> None:
    """An index that answers something else has proved nothing about this copy."""
    desk = Desk()
    desk.index.records = {"a": _record("b"), "b": _record("b")}
    assert await desk.find("a") == []
    assert await desk.find("a", "b") == [_record("b")]


async def test_find_goes_on_behind_a_copy_that_is_not_answered() -> None:
    """As far as it answered."""
    desk = Desk()
    desk.index.records = {"a": OSError("x"), "b": _record("b")}
    assert await desk.find("a", "b") == [_record("b")]


@pytest.mark.usefixtures("no_patience")
async def test_find_gives_each_question_a_deadline_of_its_own() -> None:
    """One that hangs keeps none of the others from being asked."""
    desk = Desk()
    desk.index.records = {"a": asyncio.Event(), "b": _record("b")}
    desk.index.rows = asyncio.Event()
    assert await desk.find("a", "b") == [_record("b")]
    assert await desk.find("a", by_nonce=True) == []
    assert desk.index.asked == ["a", "b", "a", ACCOUNT]


async def test_find_by_nonce_reads_the_account_only_where_no_copy_was_found() -> None:
    """Rows of other keys of the account are nothing of this key's."""
    desk = Desk()
    desk.index.rows = [_record("x"), _record("y", KEY + 1), _record("z")]
    assert await desk.find("a") == []
    assert ACCOUNT not in desk.index.asked
    assert await desk.find("a", by_nonce=True) == [_record("x"), _record("z")]
    desk.index.asked.clear()
    desk.index.records = {"a": _record("a")}
    assert await desk.find("a", by_nonce=True) == [_record("a")]
    assert ACCOUNT not in desk.index.asked


async def test_find_by_nonce_that_is_not_answered_finds_nothing() -> None:
    """No answer is no answer, whichever question it was."""
    desk = Desk()
    desk.index.rows = OSError("x")
    assert await desk.find("a", by_nonce=True) == []

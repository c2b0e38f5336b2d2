"""The outcome watcher: what records prove, and what is looked up when none comes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from nautilus_trader.common.component import Logger

from nautilus_lighter_nonce import outcomes
from nautilus_lighter_nonce.lighter.codes import TxStatus
from nautilus_lighter_nonce.lighter.errors import LighterTransportError
from nautilus_lighter_nonce.lighter.transactions import TxRecord
from nautilus_lighter_nonce.outcomes import OutcomeWatcher
from tests.stubs import eventually


REFUSED = '{"ae":"{\\"code\\":21728,\\"message\\":\\"client order index already exists\\"}"}'


class Owner:
    """An order that writes down what it was told."""

    label = "order O-1"

    def __init__(self, *, settled: bool = False) -> None:
        self.settled = settled
        self.told: list[Any] = []

    def on_failed(self, code: int, message: str) -> None:
        self.told.append(code)

    def is_settled(self) -> bool:
        return self.settled

    def on_executed(self) -> None:
        self.told.append("executed")


class Evidence:
    """A dispatcher that knows the hash "ours"."""

    def __init__(self, http: Records) -> None:
        self.http = http
        self.records: list[str] = []
        self.vanished: list[str] = []
        self.absent: list[str] = []
        self.settled: list[str] = []
        self.asked_before = 0

    def on_record(self, tx_hash: str) -> bool:
        self.records.append(tx_hash)
        return tx_hash == "ours"

    def on_vanished(self, tx_hash: str) -> None:
        self.vanished.append(tx_hash)
        self.asked_before = self.http.calls

    def on_absent(self, tx_hash: str) -> None:
        self.absent.append(tx_hash)

    def on_settled(self, tx_hash: str) -> None:
        self.settled.append(tx_hash)


class Records:
    """The venue's look-up by hash, answering in order; the last answer is repeated."""

    def __init__(self, *answers: TxRecord | Exception | None) -> None:
        self.answers = list(answers)
        self.calls = 0

    async def tx_by_hash(self, tx_hash: str) -> TxRecord | None:
        self.calls += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Desk:
    """A watcher with everything around it."""

    def __init__(self, *answers: TxRecord | Exception | None) -> None:
        self.http = Records(*(answers or (None,)))
        self.evidence = Evidence(self.http)
        self.foreign: list[int] = []
        loop = asyncio.get_running_loop()
        self.watcher = OutcomeWatcher(
            loop,
            self.http,  # type: ignore[arg-type]
            Logger("test"),
            lambda coroutine, log_msg: loop.create_task(coroutine),
        )
        self.watcher.listen(self.evidence, self.foreign.append)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look up at once."""
    monkeypatch.setattr(outcomes, "FIRST_LOOKUP_SECS", 0.0)
    monkeypatch.setattr(outcomes, "UNKNOWN_LOOKUP_SECS", 0.0)
    monkeypatch.setattr(outcomes, "LOOKUP_RETRY_SECS", 0.0)


def record(event_info: str = "", status: TxStatus = TxStatus.EXECUTED, **fields: Any) -> TxRecord:
    """Return a record of our transaction."""
    return TxRecord(hash=fields.pop("hash", "ours"), event_info=event_info, status=status, **fields)


async def test_record_with_a_refusal_tells_owner_and_lane() -> None:
    """Status 2 does not mean that the order exists; its nonce is spent all the same (rule 7)."""
    desk, owner = Desk(), Owner()
    desk.watcher.watch(owner, "ours", is_accepted=True)
    desk.watcher.on_record(record(REFUSED))
    assert owner.told == [21728]
    assert desk.evidence.records == ["ours"]
    assert desk.evidence.vanished == []


async def test_record_before_the_reply_is_remembered() -> None:
    """The stream may be faster than the answer."""
    desk, owner = Desk(), Owner()
    desk.watcher.on_record(record(REFUSED))
    desk.watcher.watch(owner, "ours", is_accepted=True)
    assert owner.told == [21728]


async def test_record_of_a_dropped_transaction_is_told_as_vanished() -> None:
    """Status 0: not executed, nonce not spent."""
    desk, owner = Desk(), Owner()
    desk.watcher.watch(owner, "ours", is_accepted=True)
    desk.watcher.on_record(record(status=TxStatus.FAILED))
    assert desk.evidence.vanished == ["ours"]
    assert desk.evidence.records == []
    assert owner.told == []


async def test_record_that_is_not_ours_names_the_foreign_nonce() -> None:
    """Somebody else's transaction on our key."""
    desk = Desk()
    desk.watcher.on_record(record(hash="theirs", nonce=77))
    assert desk.foreign == [77]


async def test_order_that_no_frame_mentions_is_looked_up_and_its_refusal_told() -> None:
    """A ghost: accepted, executed, and in no book (rule 7)."""
    desk, owner = Desk(record(REFUSED)), Owner()
    desk.watcher.watch(owner, "ours", is_accepted=True)
    await eventually(lambda: owner.told)
    assert owner.told[0] == 21728
    assert desk.http.calls == 1


async def test_executed_order_that_no_frame_mentions_is_fetched() -> None:
    """The order exists, only its frame was lost."""
    desk, owner = Desk(record()), Owner()
    desk.watcher.watch(owner, "ours", is_accepted=True)
    await eventually(lambda: owner.told)
    assert owner.told == ["executed"]


async def test_settled_order_is_not_looked_up() -> None:
    """What the private streams have shown needs no question."""
    desk, owner = Desk(record(REFUSED)), Owner(settled=True)
    desk.watcher.watch(owner, "ours", is_accepted=True)
    await eventually(lambda: not desk.watcher._watched)
    assert desk.http.calls == 0
    assert owner.told == []
    assert desk.evidence.settled == ["ours"]


async def test_accepted_order_without_record_has_vanished_once_asked_again() -> None:
    """One look-up in vain may be the venue's lag, two are proof."""
    desk, owner = Desk(None), Owner()
    desk.watcher.watch(owner, "ours", is_accepted=True)
    await eventually(lambda: not desk.watcher._watched)
    assert set(desk.evidence.vanished) == {"ours"}
    assert desk.evidence.absent == []
    assert desk.evidence.asked_before >= outcomes.LOOKUPS_THAT_PROVE


async def test_silent_order_without_record_is_never_called_vanished() -> None:
    """Silence and absence prove nothing about a transaction nobody accepted (rule 6)."""
    desk, owner = Desk(None), Owner()
    desk.watcher.watch(owner, "ours", is_accepted=False)
    await eventually(lambda: not desk.watcher._watched)
    assert desk.http.calls == outcomes.MAX_LOOKUPS
    assert desk.evidence.vanished == []
    assert set(desk.evidence.absent) == {"ours"}
    assert owner.told == []


async def test_look_up_without_answer_is_made_again() -> None:
    """A venue that does not answer has said nothing."""
    broken = LighterTransportError("tx", message="timeout")
    desk, owner = Desk(broken, broken, record(REFUSED)), Owner()
    desk.watcher.watch(owner, "ours", is_accepted=True)
    await eventually(lambda: owner.told)
    assert desk.http.calls == 3
    assert desk.evidence.vanished == []


@pytest.mark.parametrize(
    ("answer", "is_taken"),
    [
        (None, False),
        (record(), True),
        (record(REFUSED), True),
        (record(status=TxStatus.PENDING), True),
        (record(status=TxStatus.FAILED), False),
        (LighterTransportError("tx"), None),
    ],
)
async def test_is_taken_tells_no_from_no_answer(answer: Any, is_taken: bool | None) -> None:
    """Only a clear no lets a transaction be sent again."""
    assert await Desk(answer).watcher.is_taken("ours") is is_taken

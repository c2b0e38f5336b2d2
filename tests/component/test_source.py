"""The source: how patiently the venue's next nonce is asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from nautilus_lighter_nonce.component import source as room
from nautilus_lighter_nonce.component.source import LONGEST_PAUSE_SECS
from nautilus_lighter_nonce.component.source import QUESTION_SECS
from nautilus_lighter_nonce.component.source import SEED_TRIES
from nautilus_lighter_nonce.component.source import answers
from nautilus_lighter_nonce.component.source import ask
from nautilus_lighter_nonce.component.source import ask_patiently
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.core.lane import NonceLane
from tests.rooms import MS
from tests.rooms import SEC
from tests.rooms import Log
from tests.rooms import lane_at
from tests.stubs import ACCOUNT
from tests.stubs import KEY
from tests.stubs import ScriptedSource


NAME = (ACCOUNT, KEY)
SETTLE_NS = 350 * MS


class Silence:
    """A source that never answers, and counts how often it was asked and left."""

    def __init__(self) -> None:
        self.calls = 0
        self.left = 0

    async def next_nonce(self, account_index: int, api_key_index: int) -> int:
        self.calls += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.left += 1
        raise AssertionError


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each deadline be over at once."""
    monkeypatch.setattr(room, "QUESTION_SECS", 1e-9)


# -- ASKING ---------------------------------------------------------------------------------------


async def test_ask_names_the_key_and_returns_what_was_answered_of_whatever_type() -> None:
    """An answer is a claim; whoever asked weighs it."""

    class Echo:
        async def next_nonce(self, account_index: int, api_key_index: int) -> Any:
            return [account_index, api_key_index]

    assert await ask(Echo(), NAME) == [ACCOUNT, KEY]


@pytest.mark.usefixtures("no_patience")
async def test_ask_of_a_silent_source_ends_at_its_deadline() -> None:
    """No question outlives its deadline."""
    silence = Silence()
    with pytest.raises(TimeoutError):
        await ask(silence, NAME)
    assert silence.left == silence.calls


@pytest.mark.usefixtures("no_patience")
async def test_ask_patiently_of_a_silent_source_asks_so_often_and_raises() -> None:
    """Silence is asked again, and not for ever."""
    silence, log = Silence(), Log()
    with pytest.raises(TimeoutError):
        await ask_patiently(silence, NAME, log)
    assert silence.calls == SEED_TRIES
    assert log.count("warning") == SEED_TRIES - 1


async def test_ask_patiently_raises_the_error_of_the_last_question() -> None:
    """What came last says what is wrong now."""
    errors = [TimeoutError(str(n)) for n in range(SEED_TRIES)]
    with pytest.raises(TimeoutError) as caught:
        await ask_patiently(ScriptedSource(*errors), NAME, Log())
    assert caught.value is errors[-1]


async def test_ask_patiently_returns_the_first_answer_behind_silence() -> None:
    """One lost answer does not keep a client from connecting."""
    source = ScriptedSource(TimeoutError(), 7, 8)
    assert await ask_patiently(source, NAME, Log()) == 7
    assert source.calls == 2


@pytest.mark.parametrize("silent", range(SEED_TRIES))
async def test_ask_patiently_raises_any_other_error_at_once(silent: int) -> None:
    """Only silence is asked again: a refusal would be the same."""
    source = ScriptedSource(*[TimeoutError()] * silent, ConnectionError("no route"), 7)
    with pytest.raises(ConnectionError):
        await ask_patiently(source, NAME, Log())
    assert source.calls == silent + 1


# -- ANSWERS --------------------------------------------------------------------------------------


class Asking:
    """A frozen lane that has no outbox, and a clock that moves when somebody sleeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *said: Any) -> None:
        self.now_ns = 0
        self.lane = lane_at(10)
        self.log = Log()
        self.slept: list[float] = []
        self.asked: list[int] = []
        self.said = list(said)
        self.at_sleep: list[Any] = []  # what happens during the first sleeps
        monkeypatch.setattr(asyncio, "sleep", self._sleep)

    async def next_nonce(self, account_index: int, api_key_index: int) -> Any:
        self.asked.append(self.now_ns)
        answer = self.said.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _sleep(self, secs: float) -> None:
        self.slept.append(secs)
        if self.at_sleep:
            self.at_sleep.pop(0)()
        self.now_ns += round(secs * 1e9)

    def freeze(self, now_ns: int = 0) -> NonceLane:
        """Let a new nonce be unknown: the lane asks."""
        self.lane.unknown(self.lane.issue(), self.lane.epoch, now_ns)
        assert self.lane.state is LaneState.REFRESHING
        return self.lane

    async def take(self, pause_secs: float = 1.0) -> list[Any]:
        """Ask until the lane is open, as the component does; return what was yielded."""
        told = []
        clock = self._clock
        async for answer in answers(self, self.lane, clock, pause_secs, self.log):
            told.append(answer)
            weighed = self.lane.weigh(answer.value, self.now_ns)
            if not weighed:
                self.lane.refreshed(answer.value, self.now_ns)
        return told

    def _clock(self) -> int:
        return self.now_ns

    @property
    def pauses(self) -> list[float]:
        """The pauses between questions, without the wait for the lag before each."""
        return [secs for secs in self.slept if secs >= 1]


async def test_answers_of_an_open_lane_ask_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lane that wants no answer is not asked for."""
    asking = Asking(monkeypatch)
    assert await asking.take() == []
    assert (asking.asked, asking.slept) == ([], [])


async def test_answers_wait_out_the_lag_before_they_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """The question is asked when the lane says so; the answer names key, value and that time."""
    asking = Asking(monkeypatch, 11)
    asking.freeze()
    (answer,) = await asking.take()
    assert asking.asked == [SETTLE_NS]
    assert (answer.account_index, answer.api_key_index) == NAME
    assert (answer.value, answer.asked_ns) == (11, SETTLE_NS)
    assert asking.lane.next_nonce == 11


async def test_answers_pause_twice_as_long_each_time_up_to_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A venue that does not answer is asked less and less, and never less than so often."""
    asking = Asking(monkeypatch, *[ConnectionError()] * 6, 11)
    asking.freeze()
    await asking.take(1.0)
    assert asking.pauses == [1.0, 2.0, 4.0, 8.0, LONGEST_PAUSE_SECS, LONGEST_PAUSE_SECS]
    assert asking.log.count("warning") == 6


@pytest.mark.parametrize("silence", [TimeoutError(), ConnectionError(), ValueError(), KeyError()])
async def test_answers_take_any_exception_for_no_answer(
    monkeypatch: pytest.MonkeyPatch, silence: Exception
) -> None:
    """Whatever a source raises, the lane is asked for again, and nothing is yielded."""
    asking = Asking(monkeypatch, silence, 11)
    asking.freeze()
    assert [answer.value for answer in await asking.take()] == [11]
    assert len(asking.asked) == 2


async def test_answers_that_are_not_believed_are_yielded_and_asked_again_after_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The lane weighs what it is told; an absurd answer is no reason to hurry."""
    asking = Asking(monkeypatch, None, -1, 11)
    asking.freeze()
    assert [answer.value for answer in await asking.take(1.0)] == [None, -1, 11]
    assert asking.pauses == [1.0, 2.0]


async def test_answers_end_without_a_question_where_the_lane_healed_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a record proved while the lag was waited out need not be asked any more."""
    asking = Asking(monkeypatch)
    lane = asking.freeze()
    asking.at_sleep = [lambda: lane.spent(10, 1)]
    assert await asking.take() == []
    assert asking.asked == []


async def test_answers_wait_out_the_lag_of_a_later_freeze_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Healed and frozen anew while the first lag was waited out: the second has its own."""
    asking = Asking(monkeypatch, 12)
    lane = asking.freeze()
    later_ns = 300 * MS

    def heal_and_freeze() -> None:
        lane.spent(10, later_ns)
        asking.freeze(later_ns)

    asking.at_sleep = [heal_and_freeze]
    await asking.take()
    assert asking.asked == [later_ns + SETTLE_NS]


def test_question_s_deadline_is_longer_than_the_lag_and_shorter_than_the_longest_pause() -> None:
    """Numbers that belong together."""
    assert SETTLE_NS / SEC < QUESTION_SECS < LONGEST_PAUSE_SECS

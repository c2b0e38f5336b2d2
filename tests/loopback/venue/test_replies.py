"""Answers, and what a lever makes of one; the ledger says the same."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.faults import Lever
from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.venue.ledger import Ledger
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from nautilus_lighter_nonce.loopback.venue.replies import Action
from nautilus_lighter_nonce.loopback.venue.replies import Reply
from nautilus_lighter_nonce.loopback.venue.replies import bend
from nautilus_lighter_nonce.loopback.venue.replies import lets_pass


def answered() -> tuple[Reply, Entry]:
    """Return a good answer and the ledger's entry of it."""
    ledger = Ledger()
    entry = ledger.open(ts_ns=0, transport=Transport.WS, connection=1, tx_type=14, tx=None)
    entry.code = 200
    return Reply(code=200, hashes=("ab",), entries=(entry,)), entry


@pytest.mark.parametrize(
    ("lever", "action", "code", "status"),
    [
        (Lever(fault=Fault.RATE_LIMIT), Action.RATE_LIMIT, 23000, 429),
        (Lever(fault=Fault.RATE_LIMIT, status=405), Action.RATE_LIMIT, 23000, 405),
        (Lever(fault=Fault.SERVER_ERROR), Action.SERVER_ERROR, 29500, 503),
        (Lever(fault=Fault.DROP_REPLY), Action.SILENCE, None, None),
        (Lever(fault=Fault.UNREADABLE), Action.GARBAGE, None, None),
    ],
)
def test_bend_answers_as_the_lever_says_and_the_ledger_notes_it(
    lever: Lever, action: Action, code: int | None, status: int | None
) -> None:
    """What the client got is what the ledger says it got."""
    reply, entry = answered()
    bent = bend(lever, reply)
    assert (bent.action, bent.status) == (action, status)
    assert (entry.code, entry.fault) == (code, lever.fault.value)
    assert bent.lever is lever
    assert reply.action is Action.ANSWER, "the answer without the lever is unchanged"


def test_bend_by_a_delay_answers_the_same_later() -> None:
    """Nothing else is changed."""
    reply, entry = answered()
    bent = bend(Lever(fault=Fault.DELAY, ms=250), reply)
    assert (bent.action, bent.code, bent.delay_ms) == (Action.ANSWER, 200, 250)
    assert entry.code == 200


def test_bend_by_closed_sockets_says_nothing_and_closes() -> None:
    """The client hears only that its socket is gone."""
    reply, _ = answered()
    bent = bend(Lever(fault=Fault.CLOSE_SOCKETS), reply)
    assert (bent.action, bent.closes) == (Action.SILENCE, True)


@pytest.mark.parametrize(("ms", "action"), [(0, Action.SILENCE), (500, Action.ANSWER)])
def test_bend_by_a_shutdown_answers_only_within_its_grace(ms: float, action: Action) -> None:
    """With a grace the transaction goes on, and the sockets end later."""
    reply, _ = answered()
    lever = Lever(fault=Fault.SHUTDOWN, ms=ms)
    bent = bend(lever, reply)
    assert (bent.action, bent.shutdown) == (action, lever)
    assert lets_pass(lever) is (action is Action.ANSWER)


def test_bend_twice_blames_both_levers() -> None:
    """The ledger names every lever that fired."""
    reply, entry = answered()
    bend(Lever(fault=Fault.DROP_REPLY), bend(Lever(fault=Fault.DELAY, ms=1), reply))
    assert entry.fault == "delay+drop_reply"

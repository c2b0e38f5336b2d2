"""The nonces of one epoch: what is awaited, and what the verdicts say together."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.core.decisions import NonceState
from nautilus_lighter_nonce.core.issued import Issued


def issued(*verdicts: NonceState | str, first: int = 10) -> Issued:
    """Return nonces from `first` on: each in flight, accounted for, or with a verdict."""
    nonces = Issued()
    for nonce, verdict in enumerate(verdicts, first):
        nonces.add(nonce)
        if verdict == "accepted":
            nonces.hear(nonce, None)
        elif isinstance(verdict, NonceState) and verdict is not NonceState.IN_FLIGHT:
            nonces.hear(nonce, verdict)
    return nonces


def test_add_counts_what_is_in_flight() -> None:
    """Each issued nonce awaits a verdict."""
    nonces = issued(NonceState.IN_FLIGHT, NonceState.IN_FLIGHT)
    assert nonces.in_flight == 2
    assert 10 in nonces
    assert 12 not in nonces
    assert nonces.state(10) is NonceState.IN_FLIGHT
    assert nonces.state(12) is None


@pytest.mark.parametrize("verdict", [v for v in NonceState if v is not NonceState.IN_FLIGHT])
def test_hear_keeps_the_verdict_and_frees_the_slot(verdict: NonceState) -> None:
    """What is not accepted stays until its epoch ends."""
    nonces = issued(NonceState.IN_FLIGHT, NonceState.IN_FLIGHT)
    assert nonces.hear(10, verdict)
    assert (nonces.in_flight, nonces.state(10)) == (1, verdict)


def test_hear_of_an_accepted_one_accounts_for_it() -> None:
    """Nothing more is awaited at its nonce."""
    nonces = issued(NonceState.IN_FLIGHT)
    assert nonces.hear(10, None)
    assert (nonces.in_flight, nonces.items()) == (0, [])
    assert not nonces.hear(10, None)


def test_hear_of_an_unknown_one_mends_it_once() -> None:
    """A late answer is an answer; silence after silence is none (rule 3a)."""
    nonces = issued(NonceState.UNKNOWN)
    assert not nonces.hear(10, NonceState.UNKNOWN)
    assert nonces.hear(10, NonceState.STALE)
    assert (nonces.in_flight, nonces.state(10)) == (0, NonceState.STALE)


@pytest.mark.parametrize("known", [NonceState.REFUSED, NonceState.STALE, NonceState.WITHDRAWN])
def test_hear_after_a_definite_verdict_changes_nothing(known: NonceState) -> None:
    """A write has one answer."""
    nonces = issued(known)
    for verdict in (None, *NonceState):
        assert not nonces.hear(10, verdict)
    assert nonces.items() == [(10, known)]


def test_drop_frees_a_slot_only_of_what_was_in_flight() -> None:
    """And says what was known."""
    nonces = issued(NonceState.IN_FLIGHT, NonceState.STALE, NonceState.IN_FLIGHT)
    assert nonces.drop(11) is NonceState.STALE
    assert nonces.in_flight == 2
    assert nonces.drop(10) is NonceState.IN_FLIGHT
    assert nonces.in_flight == 1
    assert nonces.drop(10) is None
    assert (nonces.in_flight, nonces.items()) == (1, [(12, NonceState.IN_FLIGHT)])


def test_items_and_states_ascend_whatever_the_order_of_verdicts() -> None:
    """What is sent again goes in its old order."""
    nonces = issued(*[NonceState.IN_FLIGHT] * 4)
    for nonce in (13, 10, 12):
        nonces.hear(nonce, NonceState.STALE)
    assert nonces.with_state(NonceState.STALE) == (10, 12, 13)
    assert nonces.with_state(NonceState.IN_FLIGHT) == (11,)
    assert [nonce for nonce, _ in nonces.items()] == [10, 11, 12, 13]


def test_drop_unknown_below_parts_ours_from_strangers() -> None:
    """Below what was taken, an unknown one was ours perhaps; an answered one was not."""
    nonces = issued(
        *(
            NonceState.UNKNOWN,
            NonceState.STALE,
            NonceState.IN_FLIGHT,
            NonceState.REFUSED,
            NonceState.UNKNOWN,
        ),
    )
    assert nonces.drop_unknown_below(14) == ([10], [11, 13])
    assert [nonce for nonce, _ in nonces.items()] == [11, 12, 13, 14]
    assert nonces.drop_unknown_below(14) == ([], [11, 13])


@pytest.mark.parametrize(
    ("verdicts", "proves"),
    [
        ((), True),
        ((NonceState.REFUSED,), True),
        ((NonceState.WITHDRAWN, NonceState.STALE), True),
        ((NonceState.STALE,), False),
        ((NonceState.STALE, NonceState.REFUSED), False),
        ((NonceState.UNKNOWN,), False),
        ((NonceState.UNKNOWN, NonceState.UNKNOWN, NonceState.STALE), False),
        ((NonceState.UNKNOWN, NonceState.REFUSED, NonceState.STALE), False),
        ((NonceState.UNKNOWN, NonceState.STALE), True),
    ],
)
def test_next_is_proved_by_the_first_verdict_above_the_baseline(
    verdicts: tuple[NonceState, ...], proves: bool
) -> None:
    """Evidence 11; the unknown one before a stale one is acted on, for it can do no harm."""
    assert issued(*verdicts).prove_the_next(9) is proves


def test_next_is_proved_when_all_stand_below_the_baseline() -> None:
    """What an acceptance has passed says nothing of what is next."""
    assert issued(NonceState.STALE, NonceState.STALE).prove_the_next(11)
    assert not issued(NonceState.STALE, NonceState.STALE).prove_the_next(10)


def test_clear_forgets_everything() -> None:
    """A new epoch begins."""
    nonces = issued(NonceState.IN_FLIGHT, NonceState.STALE)
    nonces.clear()
    assert (nonces.in_flight, nonces.items()) == (0, [])

"""
Every operation of `NonceManager` in any order, against a reference model that is plainly right.

The model shares nothing with the manager: it remembers the consumed nonce and lists, one by one,
the nonces that are outstanding. After each step, also one that raised, both must agree on all keys.
"""

from dataclasses import dataclass
from dataclasses import field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import initialize
from hypothesis.stateful import invariant
from hypothesis.stateful import precondition
from hypothesis.stateful import rule

from nautilus_lighter_nonce.core import NonceManager
from nautilus_lighter_nonce.core import NonceNotIssued
from nautilus_lighter_nonce.core import NonceOverflow
from nautilus_lighter_nonce.core import NothingToRollBack
from nautilus_lighter_nonce.core import NotInitialized
from nautilus_lighter_nonce.core import SkipWindowExhausted


MAX = 2**63 - 1
KEYS = ((1, 0), (1, 254), (2, 0))

keys = st.sampled_from(KEYS)
near_zero = st.integers(min_value=0, max_value=12)
nonces = near_zero | st.integers(min_value=MAX - 3, max_value=MAX)
no_nonces = st.sampled_from([-1, MAX + 1, True, 2.0, "3", None])
no_keys = st.sampled_from([(-1, 0), (1, -1), (1, 255), (True, 0), (1, 0.0), ("1", 0)])


@dataclass
class Model:
    """What must be true of one seeded key."""

    consumed: int
    outstanding: list[int] = field(default_factory=list)

    @property
    def last(self) -> int:
        return self.outstanding[-1] if self.outstanding else self.consumed

    def consume(self, nonce: int) -> None:
        self.consumed = max(self.consumed, nonce)
        self.outstanding = [n for n in self.outstanding if n > self.consumed]


class NonceManagerMachine(RuleBasedStateMachine):
    """Drives the manager and the model side by side."""

    @initialize(window=st.integers(min_value=1, max_value=4))
    def start(self, window: int) -> None:
        self.window = window
        self.manager = NonceManager(window)
        self.models: dict[tuple[int, int], Model] = {}

    # -- MOVES ------------------------------------------------------------------------------------

    @rule(key=keys, venue_next_nonce=nonces)
    def refresh(self, key: tuple[int, int], venue_next_nonce: int) -> None:
        self.manager.refresh(*key, venue_next_nonce)
        self.models[key] = Model(venue_next_nonce - 1)

    @rule(key=keys)
    def next_nonce(self, key: tuple[int, int]) -> None:
        model = self.models.get(key)
        if model is None:
            with pytest.raises(NotInitialized):
                self.manager.next_nonce(*key)
        elif len(model.outstanding) == self.window:
            with pytest.raises(SkipWindowExhausted) as caught:
                self.manager.next_nonce(*key)
            assert caught.value.outstanding == self.window + 1
        elif model.last == MAX:
            with pytest.raises(NonceOverflow):
                self.manager.next_nonce(*key)
        else:
            expected = model.last + 1
            assert self.manager.next_nonce(*key) == expected
            model.outstanding.append(expected)

    @rule(key=keys)
    def ack_failure(self, key: tuple[int, int]) -> None:
        model = self.models.get(key)
        if model is None:
            with pytest.raises(NotInitialized):
                self.manager.ack_failure(*key)
        elif not model.outstanding:
            with pytest.raises(NothingToRollBack):
                self.manager.ack_failure(*key)
        else:
            assert self.manager.ack_failure(*key) == model.outstanding.pop()

    @rule(key=keys, nonce=nonces)
    def ack_failure_if_latest(self, key: tuple[int, int], nonce: int) -> None:
        model = self.models.get(key)
        expected = model is not None and model.outstanding[-1:] == [nonce]
        assert self.manager.ack_failure_if_latest(*key, nonce) is expected
        if model is not None and expected:
            model.outstanding.pop()

    @rule(key=keys, nonce=nonces)
    def ack_success(self, key: tuple[int, int], nonce: int) -> None:
        model = self.models.get(key)
        if model is None:
            with pytest.raises(NotInitialized):
                self.manager.ack_success(*key, nonce)
        elif nonce > model.last:
            with pytest.raises(NonceNotIssued):
                self.manager.ack_success(*key, nonce)
        else:
            self.manager.ack_success(*key, nonce)
            model.consume(nonce)

    @precondition(lambda self: any(model.outstanding for model in self.models.values()))
    @rule(data=st.data())
    def ack_one_that_is_outstanding(self, data: st.DataObject) -> None:
        busy = sorted(key for key, model in self.models.items() if model.outstanding)
        key = data.draw(st.sampled_from(busy))
        nonce = data.draw(st.sampled_from(self.models[key].outstanding))
        self.ack_success(key, nonce)

    @rule(key=keys, venue_next_nonce=nonces)
    def sync_from_venue(self, key: tuple[int, int], venue_next_nonce: int) -> None:
        model = self.models.get(key)
        if model is None:
            with pytest.raises(NotInitialized):
                self.manager.sync_from_venue(*key, venue_next_nonce)
        else:
            self.manager.sync_from_venue(*key, venue_next_nonce)
            model.consume(venue_next_nonce - 1)

    # -- ARGUMENTS THAT ARE NONE ------------------------------------------------------------------

    @rule(key=keys, nonce=no_nonces)
    def bad_nonce(self, key: tuple[int, int], nonce: int) -> None:
        for operation in (
            self.manager.refresh,
            self.manager.ack_failure_if_latest,
            self.manager.ack_success,
            self.manager.sync_from_venue,
        ):
            with pytest.raises((TypeError, ValueError)):
                operation(*key, nonce)

    @rule(key=no_keys, nonce=nonces)
    def bad_key(self, key: tuple[int, int], nonce: int) -> None:
        with pytest.raises((TypeError, ValueError)):
            self.manager.refresh(*key, nonce)

    # -- WHAT MUST ALWAYS HOLD --------------------------------------------------------------------

    @invariant()
    def agree(self) -> None:
        for key in KEYS:
            model = self.models.get(key)
            seen = (
                self.manager.baseline(*key),
                self.manager.last_issued(*key),
                self.manager.outstanding(*key),
            )
            if model is None:
                assert seen == (None, None, None)
            else:
                assert seen == (model.consumed, model.last, len(model.outstanding))

    @invariant()
    def outstanding_nonces_are_contiguous_and_fit_the_window(self) -> None:
        for model in self.models.values():
            first = model.consumed + 1
            assert model.outstanding == list(range(first, first + len(model.outstanding)))
            assert len(model.outstanding) <= self.window


NonceManagerMachine.TestCase.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None
)
test_manager_under_any_sequence_agrees_with_the_model = NonceManagerMachine.TestCase

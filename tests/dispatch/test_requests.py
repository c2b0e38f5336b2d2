"""TxRequest: what a request is that says nothing of itself."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.dispatch.requests import TxRequest
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.transactions import TxIntent
from nautilus_lighter_nonce.outbox.work import Proof


class Plain(TxRequest):
    """Only what must be there."""

    def intent(self) -> TxIntent | None:
        return None

    def on_alive(self, proof: Proof) -> None: ...

    def on_reverted(self, code: int, message: str) -> None: ...

    def on_refused(self, code: int, message: str) -> None: ...

    def on_given_up(self, reason: str, *, was_bound: bool) -> None: ...

    def on_dropped(self, reason: str) -> None: ...


class OfAnOrder(Plain):
    """A request that belongs to one order."""

    def order_id(self) -> str:
        return "O-1"


def test_request_that_says_nothing_stands_alone_and_is_not_repeated() -> None:
    """Nothing may be done twice, undone or put in an order that its owner did not ask for."""
    request = Plain()
    assert request.order() is None
    assert request.undo() is None
    assert not request.repeats_safely()
    assert request.allows_resend()
    assert request.tx_type is TxType.CREATE_ORDER
    request.on_bound()


@pytest.mark.parametrize(("request_type", "ids"), [(Plain, ()), (OfAnOrder, ("O-1",))])
def test_request_counts_for_the_order_that_it_names(
    request_type: type[Plain], ids: tuple[str, ...]
) -> None:
    """An order whose outcome hangs on a request is open while the request is."""
    assert request_type().order_ids() == ids


ENDS = ("on_alive", "on_reverted", "on_refused", "on_given_up", "on_dropped")


@pytest.mark.parametrize("missing", ["intent", *ENDS])
def test_request_that_leaves_out_an_end_cannot_be_made(missing: str) -> None:
    """Exactly one of five ends comes, and each must be heard."""
    names: dict[str, Any] = {missing: getattr(TxRequest, missing)}
    with pytest.raises(TypeError, match=missing):
        type("Deaf", (Plain,), names)()

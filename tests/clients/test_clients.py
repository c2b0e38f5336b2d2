"""Clients that none of us wrote land all their orders on a loopback venue."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients import check


@pytest.mark.parametrize("name", check.CLIENTS)
def test_orders_of_a_strict_client_all_land_once(name: str) -> None:
    """50 of 50 orders are executed, none twice, none refused, and the client saw it happen."""
    client = check.CLIENTS[name]
    if not client.is_installed:
        pytest.skip(f"{name} is not installed: {check.HINT}")
    result = check.run(client)
    assert result.is_good, f"{result}\n{result.remarks}"


def rows(count: int = check.ORDERS) -> list[dict[str, Any]]:
    """Return a ledger in which so many orders were executed."""
    row = {"tx_type": 14, "outcome": "executed", "code": 200}
    return [row | {"index": number} for number in range(count)]


NOTHING_DOUBLED: dict[str, Any] = {"doubled": []}
STALE = rows(1)[0] | {"code": 21104, "outcome": "none"}


def test_result_of_every_order_once_is_good() -> None:
    """All orders executed once, and seen by the client: nothing to say."""
    assert check.result_of({"seen": check.EXPECTED}, rows(), NOTHING_DOUBLED).is_good


@pytest.mark.parametrize(
    ("told", "ledger", "summary"),
    [
        ({"seen": check.EXPECTED}, rows(check.ORDERS - 1), NOTHING_DOUBLED),
        ({"seen": check.EXPECTED}, rows() + rows(1), {"doubled": [{"client_order_index": 0}]}),
        ({"seen": check.EXPECTED}, [*rows(), STALE], NOTHING_DOUBLED),
        ({"seen": check.EXPECTED | {"filled": 4}}, rows(), NOTHING_DOUBLED),
        ({"seen": check.EXPECTED, "problems": ["an exception"]}, rows(), NOTHING_DOUBLED),
    ],
    ids=["lost", "doubled", "refused", "unseen", "problem"],
)
def test_result_of_anything_amiss_is_not_good(
    told: dict[str, Any], ledger: list[dict[str, Any]], summary: dict[str, Any]
) -> None:
    """A lost, doubled, refused or unseen order, or a complaint, fails a client."""
    assert not check.result_of(told, ledger, summary).is_good

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


def test_judge_every_order_once_is_good() -> None:
    """All orders executed once, and seen by the client: nothing to say."""
    assert check.judge({"seen": check.EXPECTED}, rows()).is_good


@pytest.mark.parametrize(
    ("told", "ledger"),
    [
        ({"seen": check.EXPECTED}, rows(check.ORDERS - 1)),
        ({"seen": check.EXPECTED}, rows() + rows(1)),
        ({"seen": check.EXPECTED}, [*rows(), rows(1)[0] | {"code": 21104, "outcome": "none"}]),
        ({"seen": check.EXPECTED | {"filled": 4}}, rows()),
        ({"seen": check.EXPECTED, "problems": ["an exception"]}, rows()),
    ],
    ids=["lost", "doubled", "refused", "unseen", "problem"],
)
def test_judge_anything_amiss_is_not_good(
    told: dict[str, Any], ledger: list[dict[str, Any]]
) -> None:
    """A lost, doubled, refused or unseen order, or a complaint, fails a client."""
    assert not check.judge(told, ledger).is_good

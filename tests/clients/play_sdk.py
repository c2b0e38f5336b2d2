"""
lighter-sdk: `SignerClient` with its default nonce manager, `OrderApi` and `WsClient`.

It is told of an order's rest and end by its own reads, and of fills by its own account stream.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import sys
import threading
import time
from typing import Any

import lighter


PAGE = 100


class Account:
    """What the SDK's account stream has shown."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.trades: set[int] = set()
        self._here = threading.Event()
        self._client = lighter.WsClient(
            ws_url=job["ws_url"],
            order_book_ids=[job["market_id"]],
            account_ids=[job["account_index"]],
            on_account_update=self._update,
            on_order_book_update=None,
        )

    def start(self) -> None:
        """Connect in a thread of its own and wait for the first frame."""
        threading.Thread(target=self._client.run, daemon=True).start()
        assert self._here.wait(10.0), "no account frame came"

    def _update(self, _: str, message: dict[str, Any]) -> None:
        for rows in message["trades"].values():
            self.trades.update(row["trade_id"] for row in rows)
        self._here.set()


async def play(job: dict[str, Any]) -> dict[str, Any]:
    """Send the job's orders and cancels; return what the SDK saw."""
    signer = lighter.SignerClient(
        url=job["http_url"],
        account_index=job["account_index"],
        api_private_keys={job["api_key_index"]: job["private_key"]},
        chain_id=job["chain_id"],
    )
    problem = await asyncio.to_thread(signer.check_client)
    assert problem is None, problem
    account = Account(job)
    await asyncio.to_thread(account.start)
    try:
        await _trade(signer, job)
        return await _look(signer, account, job)
    finally:
        await signer.close()


async def _trade(signer: Any, job: dict[str, Any]) -> None:
    market_id = job["market_id"]
    for number in range(1, job["resting"] + 1):
        answer = await signer.create_order(
            market_index=market_id,
            client_order_index=number,
            base_amount=job["base"],
            price=job["bid"],
            is_ask=False,
            order_type=signer.ORDER_TYPE_LIMIT,
            time_in_force=signer.ORDER_TIME_IN_FORCE_POST_ONLY,
        )
        _accepted(answer)
    for number in range(1, job["cancels"] + 1):
        _accepted(await signer.cancel_order(market_id, number))
    for number in range(job["resting"] + 1, job["resting"] + job["taking"] + 1):
        answer = await signer.create_market_order(
            market_index=market_id,
            client_order_index=number,
            base_amount=job["base"],
            avg_execution_price=job["bid"],
            is_ask=True,
        )
        _accepted(answer)


def _accepted(answer: tuple[Any, Any, str | None]) -> None:
    _, reply, error = answer
    assert error is None, error
    assert reply.code == 200, reply


async def _look(signer: Any, account: Account, job: dict[str, Any]) -> dict[str, Any]:
    orders = lighter.OrderApi(signer.api_client)
    token, error = signer.create_auth_token_with_expiry(600, api_key_index=job["api_key_index"])
    assert error is None, error
    which = {"account_index": job["account_index"], "market_id": job["market_id"]}
    deadline = time.monotonic() + job["patience_s"]
    while True:
        active = await orders.account_active_orders(authorization=token, **which)
        ended = await orders.account_inactive_orders(limit=PAGE, authorization=token, **which)
        states = [order.status for order in ended.orders]
        seen = {
            "rested": len(active.orders) + states.count("canceled"),
            "canceled": states.count("canceled"),
            "filled": min(states.count("filled"), len(account.trades)),
        }
        if seen == job["expected"] or time.monotonic() > deadline:
            return {"version": importlib.metadata.version("lighter-sdk"), "seen": seen}
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(play(json.loads(sys.argv[1])))))

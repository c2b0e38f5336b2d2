"""
ccxt: `ccxt.pro.lighter`, orders over REST with its own skip nonces, orders watched on the stream.

Settings of the client: its own pacing (60 requests a minute) is off, and so is its builder fee,
which an Ethereum wallet would have to approve. Its signer is the library that lighter-sdk ships.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import ccxt
import ccxt.pro


SYMBOL = "ETH/USDC:USDC"
RESTS, CANCELED, FILLED = "open", "canceled", "closed"


def client_of(job: dict[str, Any]) -> Any:
    """Return ccxt's client, pointed at the job's venue."""
    account, key = str(job["account_index"]), str(job["api_key_index"])
    secret = {"lighterPrivateKey": job["private_key"], "signer": None}
    options = {
        "chainId": job["chain_id"],
        "accountIndex": job["account_index"],
        "apiKeyIndex": job["api_key_index"],
        "libraryPath": job["signer_library"],
        "builderFee": False,
        "auths": {account: {key: secret | {"deadline": None, "token": None}}},
    }
    client = ccxt.pro.lighter({"enableRateLimit": False, "options": options})
    client.urls["api"] |= dict.fromkeys(("root", "public", "private"), job["http_url"])
    client.urls["api"]["ws"] = job["ws_url"]
    return client


async def play(job: dict[str, Any]) -> dict[str, Any]:
    """Send the job's orders and cancels; return what ccxt saw."""
    client = client_of(job)
    states: dict[str, set[str]] = {}
    try:
        await client.load_markets()
        await _read(client)
        watcher = asyncio.create_task(_watch(client, states))
        await _trade(client, job)
        seen = await _look(states, job)
        watcher.cancel()
        return {"version": ccxt.__version__, "seen": seen}
    finally:
        await client.close()


async def _read(client: Any) -> None:
    """Read what a trader reads first; ccxt raises where it cannot."""
    status = await client.fetch_status()
    assert status["status"] == "ok", status
    for read in (client.fetch_ticker, client.fetch_order_book, client.watch_ticker):
        await read(SYMBOL)
    await client.watch_order_book(SYMBOL)
    await client.fetch_funding_rates()
    balance = await client.fetch_balance({"type": "swap"})
    assert balance["USDC"]["total"] > 0, balance


async def _watch(client: Any, states: dict[str, set[str]]) -> None:
    while True:
        for order in await client.watch_orders():
            states.setdefault(order["clientOrderId"], set()).add(order["status"])


async def _trade(client: Any, job: dict[str, Any]) -> None:
    bid, size = job["bid_decimal"], job["size_decimal"]
    for number in range(1, job["resting"] + 1):
        params = {"postOnly": True, "clientOrderId": number}
        await client.create_order(SYMBOL, "limit", "buy", size, bid, params)
    for number in range(1, job["cancels"] + 1):
        await client.cancel_order(str(number), SYMBOL, {"clientOrderId": number})
    for number in range(job["resting"] + 1, job["resting"] + job["taking"] + 1):
        params = {"clientOrderId": number}
        await client.create_order(SYMBOL, "market", "sell", size, bid, params)


async def _look(states: dict[str, set[str]], job: dict[str, Any]) -> dict[str, int]:
    deadline = time.monotonic() + job["patience_s"]
    while True:
        seen = {
            name: sum(state in told for told in states.values())
            for name, state in (("rested", RESTS), ("canceled", CANCELED), ("filled", FILLED))
        }
        if seen == job["expected"] or time.monotonic() > deadline:
            return seen
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(play(json.loads(sys.argv[1])))))

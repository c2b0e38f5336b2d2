"""
lighter-sdk: `SignerClient.create_order`, as its examples have it.

Rules of this file
------------------
- One setting differs from the default: a request times out after 2 s instead of 300 s, because a
  lost reply would otherwise stop the client (it sends one transaction at a time) for five minutes.
- It runs on the main thread, as its examples do. There each call into its Go library costs several
  times what it costs on any other thread (observed on Linux); `sdk-thread` shows the difference.
- What the caller is told: an error value or an API error (4xx) is a definite no; a timeout, a
  broken connection and a 5xx tell nothing. The SDK never comes back to an order, and neither does
  the caller: to send it again would be the caller's own nonce management.
"""

from __future__ import annotations

import functools
import time
from typing import Any
from typing import Final

import aiohttp
from lighter import nonce_manager
from lighter import signer_client
from lighter.exceptions import ApiException
from lighter.exceptions import ServiceException

from benchmarks.clients import BASE_AMOUNT
from benchmarks.clients import MARKET_INDEX
from benchmarks.clients import PRICE
from benchmarks.load import Job
from benchmarks.load import Load
from benchmarks.load import Order
from benchmarks.load import Outcome
from benchmarks.load import Told
from nautilus_lighter_nonce.lighter.codes import CHAIN_IDS
from nautilus_lighter_nonce.lighter.codes import CODE_OK
from nautilus_lighter_nonce.loopback.keys import DEMO_PRIVATE_KEY


TIMEOUT_SECS: Final = 2.0
ACCOUNT_INDEX: Final = 700
API_KEY_INDEX: Final = 5

MANAGERS: Final = {
    "sdk": nonce_manager.NonceManagerType.OPTIMISTIC,
    "sdk-thread": nonce_manager.NonceManagerType.OPTIMISTIC,
    "sdk-api": nonce_manager.NonceManagerType.API,
}


async def run(job: Job) -> Outcome:
    """Offer the job's orders through one `SignerClient`."""
    client = signer_client.SignerClient(
        url=job.http_url,
        account_index=ACCOUNT_INDEX,
        api_private_keys={API_KEY_INDEX: DEMO_PRIVATE_KEY},
        nonce_management_type=MANAGERS[job.client],
        chain_id=CHAIN_IDS["loopback"],
    )
    api = client.tx_api
    for name in ("send_tx", "next_nonce"):
        setattr(api, name, functools.partial(getattr(api, name), _request_timeout=TIMEOUT_SECS))
    try:
        return await Load(job, functools.partial(_submit, client)).run()
    finally:
        await client.close()


async def _submit(client: Any, order: Order) -> None:
    try:
        _, reply, error = await client.create_order(
            market_index=MARKET_INDEX,
            client_order_index=order.index,
            base_amount=BASE_AMOUNT,
            price=PRICE,
            is_ask=False,
            order_type=client.ORDER_TYPE_LIMIT,
            time_in_force=client.ORDER_TIME_IN_FORCE_POST_ONLY,
        )
    except (ServiceException, TimeoutError, aiohttp.ClientError) as e:
        order.was_unknown, order.reason = True, type(e).__name__
    except ApiException as e:
        order.told, order.reason = Told.FAILED, f"{type(e).__name__} {e.status}"
    else:
        is_accepted = error is None and reply.code == CODE_OK
        order.told = Told.ACCEPTED if is_accepted else Told.FAILED
        order.reason = "" if is_accepted else str(error or reply.code)
    order.verdict_ns = time.time_ns()
    order.truth_ns = 0 if order.was_unknown else order.verdict_ns

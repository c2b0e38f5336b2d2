"""
`VenueBooks`: what the venue's REST API says of all orders of an account.

Rule of this file: it reads, with a key of its own, and is never asked by the node.
"""

from __future__ import annotations

from decimal import Decimal

from nautilus_lighter_nonce.demo.judge import VenueOrder
from nautilus_lighter_nonce.dispatch.transport_http import NautilusGate
from nautilus_lighter_nonce.lighter.http import LighterHttpClient
from nautilus_lighter_nonce.lighter.signer import SdkSigner
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.keys import DEMO_PRIVATE_KEY


TOKEN_SECS = 60


class VenueBooks:
    """
    Collects the orders of the venue's first account.

    The venue forgets all but its latest 1,000 ended orders, so a long run reads now and then.

    Parameters
    ----------
    http_url : str
        The venue.
    config : VenueConfig
        What it was started with; the account's last key is used to read.

    """

    def __init__(self, http_url: str, config: VenueConfig) -> None:
        account = config.accounts[0]
        self._account_index = account.account_index
        self._http = LighterHttpClient(http_url, NautilusGate())
        self._signer = SdkSigner(
            http_url,
            config.chain_id,
            account.account_index,
            account.api_keys[-1],
            DEMO_PRIVATE_KEY,
            workers=1,
        )
        self._orders: dict[int, VenueOrder] = {}

    async def read(self) -> dict[int, VenueOrder]:
        """
        Return all orders seen so far, by client order index.

        Raises
        ------
        LighterHttpError
            If the venue did not answer well.

        """
        token = await self._signer.auth_token(TOKEN_SECS)
        # Open ones first: what ends between the two answers is overwritten by its end.
        orders = await self._http.active_orders(self._account_index, token)
        orders += await self._http.inactive_orders(self._account_index, token)
        for order in orders:
            filled = Decimal(order.filled_base_amount)
            self._orders[order.client_order_index] = VenueOrder(order.status, filled)
        return dict(self._orders)

    def close(self) -> None:
        """Read no more."""
        self._signer.close()

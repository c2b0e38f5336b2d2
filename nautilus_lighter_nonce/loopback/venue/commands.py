"""
The control commands as values: what each one carries.

Rules of this file
------------------
- Values only. `control` reads them from JSON, `outside` carries out those that the law decides.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import MAX_API_KEY_INDEX
from nautilus_lighter_nonce.lighter.codes import MAX_CLIENT_ORDER_INDEX
from nautilus_lighter_nonce.lighter.codes import MAX_NONCE
from nautilus_lighter_nonce.loopback.keys import DEMO_PUBLIC_KEY
from nautilus_lighter_nonce.loopback.keys import OTHER_PUBLIC_KEY
from nautilus_lighter_nonce.loopback.venue.faults import Direction


KeyIndex = Annotated[int, msgspec.Meta(ge=0, le=MAX_API_KEY_INDEX)]
Nonce = Annotated[int, msgspec.Meta(ge=0, le=MAX_NONCE)]
Amount = Annotated[str, msgspec.Meta(pattern=r"^\d+(\.\d+)?$")]
ClientIndex = Annotated[int, msgspec.Meta(ge=0, le=MAX_CLIENT_ORDER_INDEX)]


class Side(Enum):
    """The side of a trade."""

    BUY = "buy"
    SELL = "sell"


class TradeTif(Enum):
    """How long a stranger's order stands."""

    GTT = "gtt"
    IOC = "ioc"
    POST_ONLY = "post_only"


class Revocation(Enum):
    """Why tokens are refused."""

    REVOKED = "revoked"
    EXPIRED = "expired"


class AccountStatus(Enum):
    """How an account stands with the venue."""

    OK = "ok"
    PRE_LIQUIDATION = "pre_liquidation"  # 21111 for what does not reduce
    LIQUIDATION = "liquidation"  # 21112 for everything
    NOT_FOUND = "not_found"  # 21100, as if there was no such account


class LiquidationKind(Enum):
    """Whose trade it is: the venue's own words for a trade's type (docs)."""

    LIQUIDATION = "liquidation"
    DELEVERAGE = "deleverage"


class TouchCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Move a market's touch; `size` in base units, ``None`` never runs out."""

    market: int
    bid: str
    ask: str
    size: str | None = None


class RegisterCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Register, replace or mend a key; its counter starts at `nonce`, ``None`` keeps it."""

    account_index: int
    api_key_index: KeyIndex
    public_key: str = DEMO_PUBLIC_KEY
    nonce: Nonce | None = 1


class ForeignCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let a foreign writer spend nonces of a key now."""

    account_index: int
    api_key_index: KeyIndex
    count: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 1


# -- THE WIRE'S -----------------------------------------------------------------------------------


class HoldCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Hold what passes a socket from now on.

    Parameters
    ----------
    direction : Direction
        Which way, as the venue sees it.
    connection : int, optional
        The socket's number in the ledger; all that are open now if ``None``.
    ms : float, optional
        For how long; until it is released if ``None`` or 0.

    """

    direction: Direction = Direction.IN
    connection: int | None = None
    ms: Annotated[float, msgspec.Meta(ge=0.0, le=3_600_000.0)] | None = None


class SocketCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Release, or let be half open, a socket by its number in the ledger; all if ``None``."""

    connection: int | None = None


# -- THE LAW'S ------------------------------------------------------------------------------------


class ResetNonceCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Set both counters of a key, as a relaunch of the venue does.

    What was accepted and not executed is gone.
    """

    account_index: int
    api_key_index: KeyIndex
    nonce: Nonce = 1


class RevokeCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Refuse every token of an account that the venue has been shown up to now."""

    account_index: int
    reason: Revocation = Revocation.REVOKED


class ReplaceKeyCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody else takes a key's index: 21108 for the old one; the counter stays (circuit)."""

    account_index: int
    api_key_index: KeyIndex
    public_key: str = OTHER_PUBLIC_KEY


class DeleteKeyCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Delete a key: 21109."""

    account_index: int
    api_key_index: KeyIndex


class AccountCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Change how an account stands."""

    account_index: int
    status: AccountStatus = AccountStatus.OK


class TradeCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Let a human, or another key, place an order for an account.

    Parameters
    ----------
    account_index, api_key_index : int
        The key; 0 to 3 are the front ends' (docs) and registered when first used.
    market_id : int
        The market.
    side : Side
        Buy or sell.
    size : str
        Base units.
    price : str, optional
        ``None`` is a market order.
    tif : TradeTif
        For an order with a price.
    reduce_only : bool
        Whether it may only reduce.
    client_order_index : int
        0 is none.

    """

    account_index: int
    api_key_index: KeyIndex = 0
    market_id: int
    side: Side
    size: Amount
    price: Amount | None = None
    tif: TradeTif = TradeTif.GTT
    reduce_only: bool = False
    client_order_index: ClientIndex = 0


class CancelCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let a human, or another key, cancel an order, or with no `index` all of the market."""

    account_index: int
    api_key_index: KeyIndex = 0
    market_id: int
    index: int | None = None


class LiquidateCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let the venue close some of a position: a trade that no order frame tells of."""

    account_index: int
    market_id: int
    size: Amount
    price: Amount
    kind: LiquidationKind = LiquidationKind.LIQUIDATION


LawCommand = (
    ResetNonceCommand
    | RevokeCommand
    | ReplaceKeyCommand
    | DeleteKeyCommand
    | AccountCommand
    | TradeCommand
    | CancelCommand
    | LiquidateCommand
)

LAW_COMMANDS: Final[dict[str, type[Any]]] = {
    "reset_nonce": ResetNonceCommand,
    "revoke_tokens": RevokeCommand,
    "replace_key": ReplaceKeyCommand,
    "delete_key": DeleteKeyCommand,
    "account": AccountCommand,
    "trade": TradeCommand,
    "cancel": CancelCommand,
    "liquidate": LiquidateCommand,
}
"""What the law carries out, by the command's name."""

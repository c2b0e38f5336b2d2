"""
Lighter's active perpetual markets as Nautilus instruments.

Rules of this file
------------------
- The venue lists all markets in one answer, so every load asks once and keeps what was wanted.
- A market that is not active is not loaded: the venue refuses orders in it.
- What was asked for and is not there is said in a warning, with the reason.

"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from typing import Final

from nautilus_trader.common.config import InstrumentProviderConfig
from nautilus_trader.common.providers import InstrumentProvider
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_lighter_nonce.lighter import schemas
from nautilus_lighter_nonce.lighter.http import LighterHttpClient
from nautilus_lighter_nonce.translate import instruments


ACTIVE: Final = "active"
PERP: Final = "perp"
FILTERS: Final = ("symbols", "market_ids")


class UnknownInstrumentError(LookupError):
    """
    An instrument is not loaded.

    Parameters
    ----------
    instrument_id : InstrumentId
        The instrument.

    """

    def __init__(self, instrument_id: InstrumentId) -> None:
        super().__init__(instrument_id)
        self.instrument_id = instrument_id

    def __str__(self) -> str:
        return (
            f"Instrument {self.instrument_id} was not loaded: "
            "name it in the instrument provider's `load_ids`, or set `load_all`"
        )


class LighterInstrumentProvider(InstrumentProvider):
    """
    Loads Lighter's active perpetuals.

    Parameters
    ----------
    client : LighterHttpClient
        The REST client.
    config : InstrumentProviderConfig, optional
        What to load on start. The filters are ``symbols`` (such as ``["ETH"]``) and
        ``market_ids`` (such as ``[0]``); a market must pass all that are given.

    """

    def __init__(
        self,
        client: LighterHttpClient,
        config: InstrumentProviderConfig | None = None,
    ) -> None:
        super().__init__(config=config)
        self._client = client
        self._by_market: dict[int, Instrument] = {}

    async def load_all_async(self, filters: Mapping[str, Any] | None = None) -> None:
        """
        Load all active perpetuals that pass the filters.

        Raises
        ------
        LighterHttpError
            If the venue did not answer well.

        """
        for detail in await self._active(filters):
            self._add(detail)

    async def load_ids_async(
        self,
        instrument_ids: list[InstrumentId],
        filters: Mapping[str, Any] | None = None,
    ) -> None:
        """
        Load the given instruments, if they pass the filters; warn of those that are not there.

        Raises
        ------
        LighterHttpError
            If the venue did not answer well.

        """
        if not instrument_ids:
            return
        wanted = set(instrument_ids)
        for detail in await self._active(filters):
            if instruments.instrument_id_of(detail) in wanted:
                self._add(detail)
        for instrument_id in sorted(wanted, key=str):
            if self.find(instrument_id) is None:
                self._log.warning(
                    f"Instrument {instrument_id} was not loaded: the venue has no active perpetual "
                    "of this name that passes the filters; names are like ETH-PERP.LIGHTER"
                )

    async def load_async(
        self,
        instrument_id: InstrumentId,
        filters: Mapping[str, Any] | None = None,
    ) -> None:
        """
        Load one instrument, afresh even if it is there already.

        Raises
        ------
        LighterHttpError
            If the venue did not answer well.

        """
        await self.load_ids_async([instrument_id], filters)

    def market_index(self, instrument_id: InstrumentId) -> int:
        """
        Return the venue's number of a loaded instrument's market.

        Raises
        ------
        UnknownInstrumentError
            If the instrument is not loaded.

        """
        instrument = self.find(instrument_id)
        if instrument is None:
            raise UnknownInstrumentError(instrument_id)
        return int(instrument.info["market_id"])

    def market_indexes(self) -> list[int]:
        """Return the market indexes of all instruments."""
        return list(self._by_market)

    def instrument_for_market(self, market_index: int) -> Instrument | None:
        """Return the loaded instrument of a market, or ``None``."""
        return self._by_market.get(market_index)

    def _add(self, detail: schemas.OrderBookDetail) -> None:
        instrument = instruments.instrument_from(detail, time.time_ns())
        self.add_currency(instrument.base_currency)
        self.add_currency(instrument.quote_currency)
        self.add(instrument)
        self._by_market[detail.market_id] = instrument

    async def _active(self, filters: Mapping[str, Any] | None) -> list[schemas.OrderBookDetail]:
        filters = filters or {}
        for name in sorted(set(filters) - set(FILTERS)):
            self._log.warning(f"Filter {name!r} was ignored: there are {', '.join(FILTERS)}")
        details = await self._client.order_book_details()
        return [detail for detail in details if _is_wanted(detail, filters)]


def _is_wanted(detail: schemas.OrderBookDetail, filters: Mapping[str, Any]) -> bool:
    symbols, market_ids = (filters.get(name) for name in FILTERS)
    return (
        detail.status == ACTIVE
        and detail.market_type == PERP
        and (symbols is None or detail.symbol in symbols)
        and (market_ids is None or detail.market_id in market_ids)
    )

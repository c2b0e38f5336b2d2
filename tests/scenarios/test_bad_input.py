"""Stories of bad input: one clear error, before anything is sent, and the node stays up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from aiohttp import web
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import MessageBus
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_lighter_nonce import LighterExecClientConfig
from nautilus_lighter_nonce import LighterExecutionClient
from nautilus_lighter_nonce import LighterLiveExecClientFactory
from nautilus_lighter_nonce import LighterNonceConfig
from nautilus_lighter_nonce.config import ConfigError
from nautilus_lighter_nonce.config import resolve_credentials
from nautilus_lighter_nonce.lighter.signer import PrivateKeyError
from nautilus_lighter_nonce.lighter.signer import SignerError
from nautilus_lighter_nonce.loopback.keys import DEMO_PRIVATE_KEY
from tests.nodes import ETH
from tests.nodes import Node
from tests.nodes import until


OTHER_PRIVATE_KEY = "ab" * 40


# -- configuration --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"environment": "moon"}, "environment"),
        ({"account_index": -1}, "account_index"),
        ({"api_key_index": 255}, "api_key_index"),
        ({"api_key_index": -1}, "api_key_index"),
        ({"http_timeout_secs": 0}, "http_timeout_secs"),
        ({"market_order_slippage_bps": 0}, "market_order_slippage_bps"),
        ({"sendtx_quota_per_min": 0}, "sendtx_quota_per_min"),
    ],
)
def test_client_config_with_impossible_value_names_field_value_and_remedy(
    values: dict[str, Any],
    field: str,
) -> None:
    """A config that cannot work is refused where it is written."""
    with pytest.raises(ConfigError) as caught:
        LighterExecClientConfig(**values)
    assert caught.value.field == field
    assert str(values[field]) in str(caught.value)
    assert "use" in caught.value.remedy


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"skip_window": 0}, "skip_window"),
        ({"skip_window": 4, "max_in_flight": 5}, "max_in_flight"),
        ({"settle_ms": -1}, "settle_ms"),
        ({"reply_timeout_ms": 0}, "reply_timeout_ms"),
        ({"resend_max_age_ms": 0}, "resend_max_age_ms"),
        ({"stop_timeout_ms": 0}, "stop_timeout_ms"),
        ({"keys": ((700, 255),)}, "api_key_index"),
    ],
)
def test_nonce_config_with_impossible_value_names_the_field(
    values: dict[str, Any],
    field: str,
) -> None:
    """The lanes' settings are checked likewise."""
    with pytest.raises(ConfigError) as caught:
        LighterNonceConfig(**values)
    assert caught.value.field == field


def test_nonce_config_that_keeps_orders_for_ever_is_read_from_json() -> None:
    """``None`` is a value of its own: no age is too old."""
    config = LighterExecClientConfig.parse(b'{"nonce": {"resend_max_age_ms": null}}')
    assert config.nonce.resend_max_age_ms is None


def test_json_config_with_impossible_value_names_the_field() -> None:
    """From JSON the same check speaks."""
    with pytest.raises(msgspec.ValidationError, match="skip_window was 0"):
        LighterExecClientConfig.parse(b'{"nonce": {"skip_window": 0}}')


@pytest.mark.parametrize(
    ("environ", "variable"),
    [
        ({}, "LIGHTER_ACCOUNT_INDEX"),
        ({"LIGHTER_ACCOUNT_INDEX": "7"}, "LIGHTER_API_KEY_INDEX"),
        ({"LIGHTER_ACCOUNT_INDEX": "7", "LIGHTER_API_KEY_INDEX": "5"}, "LIGHTER_API_SECRET"),
        ({"LIGHTER_ACCOUNT_INDEX": "seven"}, "LIGHTER_ACCOUNT_INDEX"),
    ],
)
def test_missing_credentials_name_the_variable(environ: dict[str, str], variable: str) -> None:
    """Whoever forgot a variable is told which."""
    with pytest.raises(ConfigError, match=variable):
        resolve_credentials(LighterExecClientConfig(), environ)


def test_testnet_credentials_come_from_testnet_variables() -> None:
    """Mainnet's variables are never used on testnet."""
    environ = {
        "LIGHTER_ACCOUNT_INDEX": "1",
        "LIGHTER_API_KEY_INDEX": "4",
        "LIGHTER_API_SECRET": "main",
        "LIGHTER_TESTNET_ACCOUNT_INDEX": "2",
        "LIGHTER_TESTNET_API_KEY_INDEX": "5",
        "LIGHTER_TESTNET_API_SECRET": "test",
    }
    found = resolve_credentials(LighterExecClientConfig(environment="testnet"), environ)
    assert (found.account_index, found.api_key_index, found.private_key) == (2, 5, "test")


@pytest.fixture
def parts() -> Iterator[dict[str, Any]]:
    """Yield what a node hands to a factory."""
    loop = asyncio.new_event_loop()
    clock = LiveClock()
    yield {
        "loop": loop,
        "name": "LIGHTER",
        "msgbus": MessageBus(trader_id=TraderId("TESTER-001"), clock=clock),
        "cache": Cache(),
        "clock": clock,
    }
    loop.close()


@pytest.mark.parametrize("private_key", ["", "0x12", "zz" * 40, "ab" * 41])
def test_malformed_private_key_is_refused_without_being_quoted(
    parts: dict[str, Any],
    private_key: str,
) -> None:
    """The error says what is wrong with the key, never the key."""
    config = LighterExecClientConfig(
        environment="testnet", account_index=1, api_key_index=5, private_key=private_key
    )
    with pytest.raises((ConfigError, PrivateKeyError)) as caught:
        LighterLiveExecClientFactory.create(config=config, **parts)
    assert "private_key" in str(caught.value)
    assert len(private_key) < 3 or private_key not in str(caught.value)


def test_wrong_type_in_a_config_built_by_hand_is_refused_by_the_factory(
    parts: dict[str, Any],
) -> None:
    """Building a Nautilus config by hand checks no types, so the factory does."""
    config = LighterExecClientConfig(environment="loopback", base_url_http=9700)  # type: ignore[arg-type]
    with pytest.raises(msgspec.ValidationError, match="base_url_http"):
        LighterLiveExecClientFactory.create(config=config, **parts)


def test_address_that_is_no_url_is_refused_by_the_factory(parts: dict[str, Any]) -> None:
    """A REST address needs its scheme."""
    config = LighterExecClientConfig(environment="loopback", base_url_http="localhost:9700")
    with pytest.raises(ConfigError, match="base_url_http"):
        LighterLiveExecClientFactory.create(config=config, **parts)


# -- connecting -----------------------------------------------------------------------------------


def connect(parts: dict[str, Any], **settings: Any) -> None:
    """Connect a client as a node does; raises what the node would log."""
    config = LighterExecClientConfig(environment="loopback", **settings)
    client: LighterExecutionClient = LighterLiveExecClientFactory.create(config=config, **parts)

    async def attempt() -> None:
        try:
            await client._connect()
        finally:
            await client._disconnect()

    parts["loop"].run_until_complete(attempt())


def test_unreachable_venue_is_named_with_its_address(parts: dict[str, Any]) -> None:
    """Nobody answers: the error names the address and what to check."""
    with pytest.raises(ConfigError) as caught:
        connect(parts, base_url_http="http://127.0.0.1:1")
    assert caught.value.field == "base_url_http"
    assert "http://127.0.0.1:1" in str(caught.value)


def test_venue_that_answers_garbage_is_named_with_its_address(parts: dict[str, Any]) -> None:
    """Something answers, but it is no Lighter venue."""
    loop = parts["loop"]

    async def garbage(_: web.Request) -> web.Response:
        return web.Response(text="<html>hello</html>")

    async def start() -> tuple[web.AppRunner, int]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", garbage)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return runner, runner.addresses[0][1]

    runner, port = loop.run_until_complete(start())
    with pytest.raises(ConfigError) as caught:
        connect(parts, base_url_http=f"http://127.0.0.1:{port}")
    loop.run_until_complete(runner.cleanup())
    assert caught.value.field == "base_url_http"


@pytest.mark.parametrize(("account_index", "api_key_index"), [(999, 5), (700, 200)])
def test_key_the_venue_does_not_know_is_named(
    parts: dict[str, Any],
    lighter_venue: Any,
    account_index: int,
    api_key_index: int,
) -> None:
    """An account or key that is not registered stops the client before it is seeded."""
    with pytest.raises(ConfigError, match=f"{api_key_index} of account {account_index}"):
        connect(
            parts,
            base_url_http=lighter_venue.http_url,
            account_index=account_index,
            api_key_index=api_key_index,
        )
    assert lighter_venue.summary()["next_nonce_calls"] == 0


def test_private_key_of_another_api_key_is_refused(
    parts: dict[str, Any],
    lighter_venue: Any,
) -> None:
    """A well-formed key that is not the registered one stops the client, unquoted."""
    with pytest.raises(SignerError) as caught:
        connect(parts, base_url_http=lighter_venue.http_url, private_key=OTHER_PRIVATE_KEY)
    assert OTHER_PRIVATE_KEY not in str(caught.value)
    assert "700" in str(caught.value)


def test_node_stays_up_when_the_client_cannot_connect() -> None:
    """Nautilus keeps the node; the client is simply not connected, and orders are denied."""

    class Nowhere:
        http_url = "http://127.0.0.1:1"

    async def story(node: Node) -> None:
        await until(lambda: node.node.kernel.exec_engine is not None)
        assert not node.client.is_connected

    node = Node(Nowhere(), timeout_connection=0.5)
    node.run(story, starts=False)


# -- orders ---------------------------------------------------------------------------------------


def test_orders_the_venue_cannot_take_are_denied_with_field_value_and_remedy(
    lighter_venue: Any,
) -> None:
    """Each is denied before anything is sent, and the others go on."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        quantity, price = Quantity.from_str("0.0100"), Price.from_str("1500.00")
        bad = {
            "order_type": s.order_factory.stop_market(ETH, OrderSide.BUY, quantity, price),
            "time_in_force": s.order_factory.limit(
                ETH, OrderSide.BUY, quantity, price, time_in_force=TimeInForce.FOK
            ),
            "expire_time": s.order_factory.limit(
                ETH,
                OrderSide.BUY,
                quantity,
                price,
                time_in_force=TimeInForce.GTD,
                expire_time=node.node.kernel.clock.utc_now(),
            ),
            "display_qty": s.order_factory.limit(
                ETH, OrderSide.BUY, quantity, price, display_qty=Quantity.from_str("0.0050")
            ),
            "instrument_id": s.order_factory.limit(
                InstrumentId.from_str("DOGE-PERP.LIGHTER"), OrderSide.BUY, quantity, price
            ),
            "price": s.order_factory.limit(
                ETH, OrderSide.BUY, quantity, Price.from_str("1500.001")
            ),
            "quantity": s.order_factory.limit(
                ETH, OrderSide.BUY, Quantity.from_str("0.01001"), price
            ),
        }
        for order in bad.values():
            s.submit_order(order)
        good = s.limit()
        await until(lambda: good.is_open and all(o.is_closed for o in bad.values()))
        for field, order in bad.items():
            assert s.told(order)[-1] == "Denied", field
            assert s.reason(order), field
        assert "order_type" in s.reason(bad["order_type"])
        assert "time_in_force" in s.reason(bad["time_in_force"])
        assert lighter_venue.summary()["transactions"] == 1

    Node(lighter_venue).run(story)


def test_off_grid_price_is_denied_by_the_client_itself(lighter_venue: Any) -> None:
    """Even where Nautilus' risk engine lets it pass, the venue's grid is kept."""
    from nautilus_lighter_nonce.translate import intents

    with pytest.raises(intents.OffGridError) as caught:
        intents.to_units(Decimal("1500.001"), 2, "price")
    assert caught.value.field == "price"
    assert "1500.001" in str(caught.value)
    assert "0.01" in str(caught.value)


def test_commands_for_unknown_orders_are_rejected(lighter_venue: Any) -> None:
    """A modify or cancel of what is not there gets its answer."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        order = s.limit()
        await until(lambda: order.is_open)
        lighter_venue.control({"fault": "refuse", "code": 21700, "tx_type": 15})
        s.cancel_order(order)
        await until(lambda: s.told(order)[-1] == "CancelRejected")
        assert "21700" in s.reason(order)
        assert order.order_type == OrderType.LIMIT
        assert order.is_open

    Node(lighter_venue).run(story)


# -- secrets --------------------------------------------------------------------------------------


def test_config_never_shows_its_private_key() -> None:
    """Neither repr, nor str, nor rich's repr."""
    config = LighterExecClientConfig(private_key=DEMO_PRIVATE_KEY)
    shown = f"{config!r} {config} {list(config.__rich_repr__())}"
    assert DEMO_PRIVATE_KEY not in shown
    assert "private_key" in shown

"""The factory: addresses, credentials, and that no secret leaves it but into the signer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from nautilus_trader.live.factories import LiveExecClientFactory

from nautilus_lighter_nonce.config import ConfigError
from nautilus_lighter_nonce.config import LighterExecClientConfig
from nautilus_lighter_nonce.config import LighterNonceConfig
from nautilus_lighter_nonce.execution import LighterExecutionClient
from nautilus_lighter_nonce.factories import LOOPBACK_PORT
from nautilus_lighter_nonce.factories import LighterLiveExecClientFactory
from nautilus_lighter_nonce.factories import base_urls
from nautilus_lighter_nonce.loopback.keys import DEMO_ACCOUNT_INDEX
from nautilus_lighter_nonce.loopback.keys import DEMO_API_KEY_INDEX
from nautilus_lighter_nonce.loopback.keys import DEMO_PRIVATE_KEY
from tests.stubs import Kernel


MAINNET = "mainnet.zklighter.elliot.ai"
TESTNET = "testnet.zklighter.elliot.ai"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, (f"https://{MAINNET}", f"wss://{MAINNET}/stream")),
        ({"environment": "testnet"}, (f"https://{TESTNET}", f"wss://{TESTNET}/stream")),
        (
            {"environment": "loopback"},
            (f"http://127.0.0.1:{LOOPBACK_PORT}", f"ws://127.0.0.1:{LOOPBACK_PORT}/stream"),
        ),
        ({"base_url_http": "http://h:1/"}, ("http://h:1/", "ws://h:1/stream")),
        ({"base_url_http": "https://h"}, ("https://h", "wss://h/stream")),
        ({"base_url_http": "http://h", "base_url_ws": "ws://w"}, ("http://h", "ws://w")),
        ({"base_url_ws": "wss://w/s"}, (f"https://{MAINNET}", "wss://w/s")),
    ],
)
def test_base_urls_of_a_config(settings: dict[str, Any], expected: tuple[str, str]) -> None:
    """An address that is given goes before the environment's; the stream follows the REST one."""
    assert base_urls(LighterExecClientConfig(**settings)) == expected


@pytest.mark.parametrize("address", ["127.0.0.1:9700", "ftp://h", "http:/h", ""])
def test_base_url_without_a_scheme_that_can_be_mapped_is_refused(address: str) -> None:
    """Better at once than as a connection that is never made."""
    with pytest.raises(ConfigError, match="base_url_http"):
        base_urls(LighterExecClientConfig(base_url_http=address))


def made(kernel: Kernel, **settings: Any) -> LighterExecutionClient:
    """Return a client of the loopback environment."""
    return LighterLiveExecClientFactory.create(
        loop=kernel.loop,
        name="LIGHTER",
        config=LighterExecClientConfig(environment="loopback", **settings),
        msgbus=kernel.msgbus,
        cache=kernel.cache,
        clock=kernel.clock,
    )


def test_factory_is_one_of_nautilus_and_its_instances_have_its_name() -> None:
    """The node builder reads `__name__`, of an instance if a JSON config named the factory."""
    factory = LighterLiveExecClientFactory()
    assert isinstance(factory, LiveExecClientFactory)
    assert factory.__name__ == "LighterLiveExecClientFactory"


async def test_create_on_the_loopback_venue_needs_no_credentials() -> None:
    """The demo key trades there; the client has its own component with its key's lane."""
    client = made(Kernel())
    assert client.nonce_component.keys == ((DEMO_ACCOUNT_INDEX, DEMO_API_KEY_INDEX),)
    assert client.nonce_component.client is client
    assert client.id.value == "LIGHTER"


async def test_create_with_another_key_on_the_loopback_venue_takes_it() -> None:
    """Two clients of one venue have a key each."""
    client = made(Kernel(), account_index=701, api_key_index=6)
    assert client.nonce_component.keys == ((701, 6),)


async def test_create_keeps_the_private_key_out_of_everything_but_the_signer() -> None:
    """Rule 20: what Nautilus is handed is published in clear."""
    kernel = Kernel()
    client = made(kernel, private_key=DEMO_PRIVATE_KEY, nonce=LighterNonceConfig(skip_window=3))
    await asyncio.sleep(0)
    component = client.nonce_component
    shown = [repr(part) for part in (client, component, *vars(client).values(), *kernel.published)]
    assert [text for text in shown if DEMO_PRIVATE_KEY in text] == []
    assert component.manager.skip_window == 3


async def test_create_outside_the_loopback_venue_asks_for_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The demo key never meets a real venue."""
    monkeypatch.delenv("LIGHTER_ACCOUNT_INDEX", raising=False)
    kernel = Kernel()
    with pytest.raises(ConfigError, match="LIGHTER_ACCOUNT_INDEX"):
        LighterLiveExecClientFactory.create(
            loop=kernel.loop,
            name="LIGHTER",
            config=LighterExecClientConfig(),
            msgbus=kernel.msgbus,
            cache=kernel.cache,
            clock=kernel.clock,
        )

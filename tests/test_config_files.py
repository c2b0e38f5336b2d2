"""The shipped node configs parse, hold no secret, and a node is built from each."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.identifiers import ClientId

from nautilus_lighter_nonce.config import LighterExecClientConfig
from nautilus_lighter_nonce.loopback.keys import DEMO_PRIVATE_KEY


CONFIGS = Path(__file__).parents[1] / "config"
NAMES = ("loopback", "testnet", "mainnet")
PREFIXES = {"testnet": "LIGHTER_TESTNET_", "mainnet": "LIGHTER_"}


def raw_of(name: str) -> dict[str, Any]:
    """Return a shipped config, decoded."""
    raw: dict[str, Any] = json.loads((CONFIGS / f"{name}.json").read_text())
    return raw


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Yield a loop for a node."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.parametrize("name", NAMES)
def test_config_file_parsed_names_its_environment(name: str) -> None:
    """Each file is a node's config whose Lighter client trades where the file's name says."""
    config = TradingNodeConfig.parse((CONFIGS / f"{name}.json").read_text())

    client = config.exec_clients["LIGHTER"].create()

    assert isinstance(client, LighterExecClientConfig)
    assert client.environment == name
    assert config.exec_engine.reconciliation


@pytest.mark.parametrize("name", NAMES)
def test_config_file_read_holds_no_credential(name: str) -> None:
    """Credentials come from the environment, never from a file that is shared."""
    client = raw_of(name)["exec_clients"]["LIGHTER"]["config"]

    assert not {"private_key", "account_index", "api_key_index"} & set(client)


@pytest.mark.parametrize("name", NAMES)
def test_config_file_built_registers_lighter_client(
    name: str, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node is built from each file as it stands, with environment variables alone."""
    for variable, value in (
        ("ACCOUNT_INDEX", "700"),
        ("API_KEY_INDEX", "5"),
        ("API_SECRET", DEMO_PRIVATE_KEY),
    ):
        monkeypatch.setenv(PREFIXES.get(name, "LIGHTER_") + variable, value)
    raw = raw_of(name) | {"logging": {"log_level": "ERROR"}}
    node = TradingNode(config=TradingNodeConfig.parse(json.dumps(raw)), loop=loop)

    try:
        node.build()

        assert node.kernel.exec_engine.registered_clients == [ClientId("LIGHTER")]
        assert len(node.trader.strategies()) == len(raw.get("strategies", []))
    finally:
        node.dispose()

"""Story: an execution client that is not ours uses the component, as docs/howto.md shows."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

from nautilus_trader.common.providers import InstrumentProvider
from nautilus_trader.live.execution_client import LiveExecutionClient
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import Venue

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.component import LighterNonceComponent
from nautilus_lighter_nonce.config import LighterNonceConfig
from tests.stubs import ACCOUNT
from tests.stubs import KEY
from tests.stubs import Kernel


HOWTO = Path(__file__).parents[2] / "docs" / "howto.md"


class StrictApi:
    """A venue that takes exactly the next nonce, and refuses or loses what it is told to."""

    def __init__(self) -> None:
        self.expected = 3
        self.taken: list[str] = []
        self.plan: dict[str, str] = {}

    async def next_nonce(self, account_index: int, api_key_index: int) -> int:
        return self.expected

    async def send(self, command: str, nonce: int) -> str:
        await asyncio.sleep(0)
        plan = self.plan.pop(command, "")
        if plan == "refuse":
            return "refused"
        if nonce != self.expected:
            return "stale"
        self.expected += 1
        self.taken.append(command)
        return "unknown" if plan == "lose the reply" else "accepted"


def example() -> Any:
    """Return the class of the how-to, made from its very text."""
    found = re.search(
        r"<!-- example: foreign client -->\n```python\n(.*?)```", HOWTO.read_text(), re.DOTALL
    )
    assert found is not None
    names: dict[str, Any] = {
        "ACCOUNT": ACCOUNT,
        "KEY": KEY,
        "LiveExecutionClient": LiveExecutionClient,
        "asyncio": asyncio,
        "events": events,
    }
    exec(found.group(1), names)
    return names["MyLighterClient"]


async def test_component_serves_a_client_that_is_not_ours() -> None:
    """Refusal, lost reply and foreign writer: the client's nonces stay right."""
    kernel, api = Kernel(), StrictApi()
    component = LighterNonceComponent(
        kernel.loop,
        kernel.msgbus,
        kernel.clock,
        api,
        LighterNonceConfig(keys=((ACCOUNT, KEY),), max_in_flight=1, settle_ms=0),
    )
    client = example()(
        nonces=component,
        api=api,
        loop=kernel.loop,
        client_id=ClientId("MINE"),
        venue=Venue("LIGHTER"),
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        base_currency=None,
        instrument_provider=InstrumentProvider(),
        msgbus=kernel.msgbus,
        cache=kernel.cache,
        clock=kernel.clock,
    )
    healed = asyncio.Event()
    kernel.msgbus.subscribe("events.lighter.nonce.healed.*", lambda _: healed.set())

    await client._connect()
    await asyncio.gather(*(client._submit_order(f"a{i}") for i in range(5)))

    api.plan["b0"] = "refuse"
    await client._submit_order("b0")
    await client._submit_order("b1")

    api.plan["c0"] = "lose the reply"
    await client._submit_order("c0")
    await asyncio.wait_for(healed.wait(), 5)
    await client._submit_order("c1")

    api.expected += 1  # a foreign writer
    healed.clear()
    await client._submit_order("d0")
    await asyncio.wait_for(healed.wait(), 5)
    assert kernel.events(events.LaneHealed)[-1].doomed == [api.expected - 1]
    await client._submit_order("d0")
    await client._disconnect()

    assert api.taken == ["a0", "a1", "a2", "a3", "a4", "b1", "c0", "c1", "d0"]
    assert component.client is client

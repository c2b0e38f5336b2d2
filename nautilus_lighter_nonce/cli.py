"""
`lighter-nonce`: the command line.

Rules of this file
------------------
- Importing it costs nothing worth counting: Nautilus (about 1.5 s), the SDK (about 2 s) and aiohttp
  are imported by the commands that need them.
- Whatever a user can mend is one line that says what was wrong and what to do, never a traceback;
  a secret is in none of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce import __version__
from nautilus_lighter_nonce.loopback.address import PORT


try:
    import click
except ModuleNotFoundError:
    raise SystemExit(
        "lighter-nonce needs click: pip install 'lighter-nonce-nt[loopback,lighter]'"
    ) from None


EXEC_CONFIG: Final = "nautilus_lighter_nonce.config:LighterExecClientConfig"
EXEC_CONFIG_PATHS: Final = (EXEC_CONFIG, "nautilus_lighter_nonce:LighterExecClientConfig")

LOG_LEVELS: Final = frozenset({"OFF", "TRACE", "DEBUG", "INFO", "WARN", "WARNING", "ERROR"})

_MAIN_EXAMPLES: Final = """\b
Examples
  lighter-nonce demo                        trade on a venue in a box while faults strike
  lighter-nonce run config/testnet.json     run a trading node from a JSON file
  lighter-nonce venue --port 9800           a Lighter venue on this machine, for your own tests
"""

_DEMO_EXAMPLES: Final = """\b
Examples
  lighter-nonce demo
  lighter-nonce demo --seconds 60 --seed 7
  lighter-nonce demo --json | tail -1
"""

_VENUE_EXAMPLES: Final = """\b
Examples
  lighter-nonce venue
  lighter-nonce venue --port 0 --latency-ms 80
"""

_RUN_EXAMPLES: Final = """\b
Examples
  lighter-nonce run config/loopback.json --seconds 30
  lighter-nonce run config/testnet.json
"""

_EXTRAS: Final = {
    "aiohttp": "loopback",
    "rich": "cli",
    "lighter": "lighter",
    "nautilus_trader": "",
}


@click.group(
    epilog=_MAIN_EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, package_name="lighter-nonce-nt", prog_name="lighter-nonce")
def main() -> None:
    """Lighter in NautilusTrader, without ever seeing a nonce."""


# -- DEMO -----------------------------------------------------------------------------------------


@main.command(epilog=_DEMO_EXAMPLES)
@click.option(
    "--seconds",
    type=click.FloatRange(min=1.0),
    default=15.0,
    show_default=True,
    help="How long the strategies trade.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Chooses faults and orders.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the summary as the last line of stdout."
)
@click.option("--no-faults", is_flag=True, help="Trade undisturbed.")
@click.option(
    "--log-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the node writes its log; nowhere by default.",
)
def demo(seconds: float, seed: int, as_json: bool, no_faults: bool, log_file: Path | None) -> None:
    """
    Trade on a loopback venue while faults strike, and be judged by the venue.

    Two strategies quote and cancel on ETH-PERP and BTC-PERP through a real trading node and the
    official signer. Refusals, rate limits, lost answers, cut connections, a lagging nextNonce and
    a second writer on the same key are injected meanwhile. At the end the venue's own ledger says
    what became of each order.

    The exit code is 1 if any order was doubled or misreported.
    """
    _need("nautilus_trader", "lighter", "aiohttp", "rich")
    from rich.console import Console

    from nautilus_lighter_nonce.demo.run import DemoError
    from nautilus_lighter_nonce.demo.run import DemoOptions
    from nautilus_lighter_nonce.demo.run import run as run_demo
    from nautilus_lighter_nonce.demo.table import summary_view

    options = DemoOptions(seconds=seconds, seed=seed, with_faults=not no_faults, log_file=log_file)
    console = Console(stderr=as_json)
    try:
        summary = run_demo(options, console)
    except DemoError as e:
        raise click.ClickException(str(e)) from e
    console.print()
    console.print(summary_view(summary))
    if as_json:
        click.echo(msgspec.json.encode(summary))
    if not summary.is_right:
        raise SystemExit(1)


# -- VENUE ----------------------------------------------------------------------------------------


@main.command(epilog=_VENUE_EXAMPLES)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=PORT,
    show_default=True,
    help="TCP port; 0 takes a free one.",
)
@click.option(
    "--latency-ms",
    type=click.FloatRange(0.0, 60_000.0),
    default=20.0,
    show_default=True,
    help="Round trip of every exchange.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seeds jitter and rates.")
def venue(port: int, latency_ms: float, seed: int) -> None:
    """
    Run a loopback venue until Ctrl-C.

    It is a Lighter venue on 127.0.0.1 with Lighter's nonce law, REST and WebSocket, and levers
    for its faults. Nothing on it is worth anything.
    """
    _need("aiohttp")
    from nautilus_lighter_nonce.loopback.config import VenueConfig

    config = VenueConfig(latency_ms=latency_ms, seed=seed)
    try:
        asyncio.run(_serve(config, port))
    except OSError as e:
        raise click.ClickException(
            f"port was {port}; nothing can listen there ({e.strerror}), use another, or 0"
        ) from e


async def _serve(config: Any, port: int) -> None:
    from nautilus_lighter_nonce.loopback.server import LoopbackVenue

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with LoopbackVenue(config, port) as venue:
        click.echo(_welcome(venue.http_url, venue.ws_url, config))
        await ended.wait()
    click.echo("Closed.")


def _welcome(http_url: str, ws_url: str, config: Any) -> str:
    account = config.accounts[0]
    key = f'"account_index":{account.account_index},"api_key_index":{account.api_keys[0]}'
    markets = ", ".join(f"{m.market_id} {m.symbol}" for m in config.markets)
    slots = ", ".join(map(str, account.api_keys))
    accounts = " and ".join(str(a.account_index) for a in config.accounts)
    control = f"curl -s {http_url}/control --json"
    return "\n".join(
        (
            "A Lighter venue listens on",
            f"  REST       {http_url}",
            f"  WebSocket  {ws_url}",
            f"  markets    {markets}",
            f"  accounts   {accounts}, API keys {slots}",
            "  key        the demo key of nautilus_lighter_nonce.loopback.keys; worth nothing",
            "",
            "Pull a lever",
            f'  {control} \'{{"fault":"refuse"}}\'                  not enough margin',
            f'  {control} \'{{"fault":"drop_reply"}}\'              an answer is lost',
            f'  {control} \'{{"fault":"close_sockets"}}\'           every connection is cut',
            f"  {control} '{{\"foreign\":{{{key}}}}}'  a stranger spends a nonce",
            "",
            "See what the venue saw",
            f"  curl -s {http_url}/ledger",
            f"  curl -s '{http_url}/ledger?summary=1'",
            "",
            "Ctrl-C closes it.",
        ),
    )


# -- RUN ------------------------------------------------------------------------------------------


@main.command(epilog=_RUN_EXAMPLES)
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.0, min_open=True),
    help="Stop after so long; until Ctrl-C by default.",
)
def run(config: Path, seconds: float | None) -> None:
    """
    Run a trading node from CONFIG, a TradingNodeConfig in JSON.

    Credentials come from LIGHTER_ACCOUNT_INDEX, LIGHTER_API_KEY_INDEX and LIGHTER_API_SECRET (on
    testnet LIGHTER_TESTNET_...), so that the file holds no secret. A Lighter client whose
    environment is "loopback" and that names no address is given a venue of its own.
    """
    _need("nautilus_trader", "lighter")
    raw = _read_config(config)
    _parse_config(config, raw)  # what is wrong is said before a venue is started
    with _own_venue(raw) as addressed:
        _run_node(_parse_config(config, addressed), seconds)


def _read_config(path: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except OSError as e:
        raise click.ClickException(f"{path} was not read: {e.strerror}") from e
    except msgspec.DecodeError as e:
        raise click.ClickException(f"{path} is no JSON object: {e}") from e


@contextlib.contextmanager
def _own_venue(raw: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Start a venue if a client wants one, and give the client its address."""
    homeless = [client for client in _lighter_clients(raw) if _wants_venue(client)]
    if not homeless:
        yield raw
        return
    _need("aiohttp")
    from nautilus_lighter_nonce.loopback.config import VenueConfig
    from nautilus_lighter_nonce.loopback.process import VenueProcess
    from nautilus_lighter_nonce.loopback.process import VenueProcessError

    venue = VenueProcess(VenueConfig(latency_ms=20.0))
    try:
        venue.start()
        click.echo(f"A loopback venue listens on {venue.http_url}", err=True)
        for client in homeless:
            client["base_url_http"] = venue.http_url
        yield raw
    except VenueProcessError as e:
        raise click.ClickException(str(e)) from e
    finally:
        venue.stop()


def _lighter_clients(raw: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the configs of all Lighter execution clients, to be changed in place."""
    clients = raw.get("exec_clients")
    if not isinstance(clients, dict):
        return []
    return [
        client.setdefault("config", {})
        for client in clients.values()
        if isinstance(client, dict)
        and client.get("path") in EXEC_CONFIG_PATHS
        and isinstance(client.get("config", {}), dict)
    ]


def _wants_venue(client: dict[str, Any]) -> bool:
    has_address = client.get("base_url_http") or client.get("base_url_ws")
    return client.get("environment") == "loopback" and not has_address


def _parse_config(path: Path, raw: dict[str, Any]) -> Any:
    from nautilus_trader.config import TradingNodeConfig

    try:
        config = TradingNodeConfig.parse(msgspec.json.encode(raw))
    except (ValueError, TypeError) as e:
        raise click.ClickException(f"{path} is no trading node's config: {e}") from e
    _check_log_levels(config.logging)
    for client in config.exec_clients.values():
        _check_client(client)
    return config


def _check_log_levels(logging: Any) -> None:
    """Raise for a level that Nautilus does not know: it would abort the process."""
    for field in ("log_level", "log_level_file"):
        level = getattr(logging, field, None)
        if level is not None and level.upper() not in LOG_LEVELS:
            remedy = f"use one of {', '.join(sorted(LOG_LEVELS))}"
            raise click.ClickException(f"logging.{field} was {level!r}; {remedy}")


def _check_client(client: Any) -> None:
    """Find out what is wrong with a client before a node is built and its log begins."""
    from nautilus_lighter_nonce.config import ConfigError
    from nautilus_lighter_nonce.config import LighterExecClientConfig
    from nautilus_lighter_nonce.config import checked
    from nautilus_lighter_nonce.config import resolve_credentials
    from nautilus_lighter_nonce.factories import base_urls
    from nautilus_lighter_nonce.lighter.errors import LighterError
    from nautilus_lighter_nonce.lighter.signer import validate_private_key

    try:
        if client.factory is not None:
            client.factory.create()
        config = client.create()
        if not isinstance(config, LighterExecClientConfig):
            return
        checked(config)
        base_urls(config)
        if config.environment != "loopback":
            validate_private_key(resolve_credentials(config).private_key)
    except (ConfigError, LighterError, msgspec.ValidationError) as e:
        raise click.ClickException(str(e)) from e
    except (ImportError, AttributeError, AssertionError) as e:
        raise click.ClickException(f"a class named in exec_clients was not found: {e}") from e


def _run_node(config: Any, seconds: float | None) -> None:
    from nautilus_trader.live.node import TradingNode

    from nautilus_lighter_nonce.config import ConfigError
    from nautilus_lighter_nonce.lighter.errors import LighterError

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        node = TradingNode(config=config, loop=loop)
    except (ValueError, TypeError, ImportError, AttributeError) as e:
        raise click.ClickException(f"the node was not built: {e}") from e
    try:
        node.build()
        started = loop.run_until_complete(_run_until(node, config, seconds))
    except (ConfigError, LighterError) as e:
        raise click.ClickException(str(e)) from e
    finally:
        node.kernel.cancel_all_tasks()
        node.dispose()
    if not started:
        raise click.ClickException("the node did not start; its log says why")


async def _run_until(node: Any, config: Any, seconds: float | None) -> bool:
    """Run the node until its time is up, it is interrupted, or it turns out not to start."""
    from nautilus_lighter_nonce.demo.lifecycle import until_trading

    running = asyncio.create_task(node.run_async())
    started = await until_trading(node, running, config)
    if started:
        await asyncio.wait((running,), timeout=seconds)
    if node.is_running() and not running.done():
        await node.stop_async()
    if not started:
        running.cancel()  # it may still be waiting for a connection
    await running
    return started


# -- EXTRAS ---------------------------------------------------------------------------------------


def _need(*modules: str) -> None:
    """Raise unless all modules are installed; say which extras bring them."""
    missing = [module for module in modules if find_spec(module) is None]
    if not missing:
        return
    extras = ",".join(dict.fromkeys(_EXTRAS[module] for module in missing if _EXTRAS[module]))
    wanted = f"lighter-nonce-nt[{extras}]" if extras else "lighter-nonce-nt"
    raise click.ClickException(f"{', '.join(missing)} is not installed: pip install '{wanted}'")


if __name__ == "__main__":
    main()

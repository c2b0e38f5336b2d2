"""
Let strict clients trade on a loopback venue, and judge by the venue's ledger.

Rules of this file
------------------
- Each client runs in a process and an environment of its own against a venue of its own. One that
  is not installed is named, never passed over in silence.
- 50 orders each: 45 rest, 10 of those are canceled, 5 take. The ledger decides what landed; what
  the client saw must agree with it.

Run it: `make clients`, or `python -m tests.clients.check [--install] [client ...]`.
"""

from __future__ import annotations

import argparse
import importlib.util
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import CODE_OK
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.loopback import DEMO_PRIVATE_KEY
from nautilus_lighter_nonce.loopback import VenueConfig
from nautilus_lighter_nonce.loopback import VenueProcess
from nautilus_lighter_nonce.loopback.keys import DEMO_ACCOUNT_INDEX
from nautilus_lighter_nonce.loopback.keys import DEMO_API_KEY_INDEX


HERE: Final = Path(__file__).resolve().parent
ENVIRONMENTS: Final = HERE.parents[1] / ".venv-clients"
HINT: Final = "run `make clients`"

RESTING: Final = 45
CANCELS: Final = 10
TAKING: Final = 5
ORDERS: Final = RESTING + TAKING
EXPECTED: Final = {"rested": RESTING, "canceled": CANCELS, "filled": TAKING}
PATIENCE_S: Final = 60.0


class Client(msgspec.Struct, frozen=True):
    """
    A client to try.

    Parameters
    ----------
    name : str
        Its name, and that of its script and its environment.
    requirement : str, optional
        What to install in an environment of its own; ``None`` runs in ours.

    """

    name: str
    requirement: str | None = None

    @property
    def python(self) -> Path:
        """The interpreter it runs in."""
        if self.requirement is None:
            return Path(sys.executable)
        return ENVIRONMENTS / self.name / "bin" / "python"

    @property
    def is_installed(self) -> bool:
        """Whether its environment holds what it requires."""
        if self.requirement is None:
            return True
        note = self._note
        return note.exists() and note.read_text() == self.requirement

    @property
    def _note(self) -> Path:
        return ENVIRONMENTS / self.name / "requirement.txt"

    def install(self) -> None:
        """
        Make its environment, or bring it up to date.

        Raises
        ------
        subprocess.CalledProcessError
            If pip could not.

        """
        if self.requirement is None or self.is_installed:
            return
        print(f"Installing {self.requirement}", flush=True)
        environment = str(ENVIRONMENTS / self.name)
        subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
        pip = [str(self.python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, self.requirement], check=True)
        self._note.write_text(self.requirement)


CLIENTS: Final = {
    client.name: client
    for client in (
        Client("sdk"),
        Client("ccxt", "ccxt==4.5.90"),
        Client("rc7", "nautilus_trader==2.0.0rc7"),
    )
}


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """
    How a client did.

    Parameters
    ----------
    version : str
        The client's version.
    landed : int
        Orders that the venue executed.
    doubled : int
        Orders that it executed more than once.
    refused : int
        Transactions that it refused or that came to nothing, of every type.
    seen : dict[str, int]
        What the client itself saw.
    remarks : str
        What the client said of problems.

    """

    version: str
    landed: int
    doubled: int
    refused: int
    seen: dict[str, int]
    remarks: str = ""

    @property
    def is_good(self) -> bool:
        """Whether all orders landed once, and the client knows."""
        landed_once = self.landed == ORDERS and not self.doubled and not self.refused
        return landed_once and self.seen == EXPECTED and not self.remarks

    def __str__(self) -> str:
        seen = ", ".join(f"{count} {what}" for what, count in self.seen.items())
        verdict = f"{self.landed} of {ORDERS} landed, {self.doubled} doubled"
        return f"{verdict}, {self.refused} refused; it saw {seen}"


def run(client: Client) -> Result:
    """Let a client trade on a venue of its own."""
    with VenueProcess(VenueConfig()) as venue:
        job = {
            "http_url": venue.http_url,
            "ws_url": venue.ws_url,
            "chain_id": venue.config.chain_id,
            "account_index": DEMO_ACCOUNT_INDEX,
            "api_key_index": DEMO_API_KEY_INDEX,
            "private_key": DEMO_PRIVATE_KEY,
            "signer_library": str(signer_library()),
            "market_id": 0,
            "resting": RESTING,
            "cancels": CANCELS,
            "taking": TAKING,
            "base": 100,
            "bid": 190_000,
            "size_decimal": "0.0100",
            "bid_decimal": "1900.00",
            "expected": EXPECTED,
            "patience_s": PATIENCE_S,
        }
        told = _play(client, job)
        return result_of(told, venue.ledger(), venue.summary())


def signer_library() -> Path:
    """Return the signer's shared library for this machine, out of lighter-sdk."""
    spec = importlib.util.find_spec("lighter")
    assert spec is not None
    assert spec.origin is not None
    machine = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}.get(platform.machine())
    system = platform.system().lower()
    suffix = "dylib" if system == "darwin" else "so"
    name = f"lighter-signer-{system}-{machine or platform.machine()}.{suffix}"
    return Path(spec.origin).parent / "signers" / name


def _play(client: Client, job: dict[str, Any]) -> dict[str, Any]:
    """Run a client's script and return what it said last, or what went wrong."""
    command = [str(client.python), str(HERE / f"play_{client.name}.py")]
    done = subprocess.run(
        [*command, msgspec.json.encode(job).decode()],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        return {"problems": [done.stderr.strip()[-2_000:] or f"exit code {done.returncode}"]}
    return msgspec.json.decode(lines[-1], type=dict[str, Any])


def result_of(
    told: dict[str, Any], rows: Sequence[dict[str, Any]], summary: dict[str, Any]
) -> Result:
    """Return how a client did, by the ledger's rows and summary, and by what it said itself."""
    bad = [row for row in rows if row["code"] != CODE_OK or row["outcome"] != "executed"]
    executed = {
        row["index"]
        for row in rows
        if row["tx_type"] == TxType.CREATE_ORDER and row["outcome"] == "executed"
    }
    return Result(
        version=told.get("version", "unknown"),
        landed=len(executed),
        doubled=len(summary["doubled"]),
        refused=len(bad),
        seen=told.get("seen", {}),
        remarks="\n".join(told.get("problems", [])),
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the clients that are installed; return 1 if one of them did not land all orders."""
    parser = argparse.ArgumentParser(prog="python -m tests.clients.check")
    parser.add_argument("clients", nargs="*", metavar="client", help=", ".join(CLIENTS))
    parser.add_argument("--install", action="store_true", help="install what is missing")
    options = parser.parse_args(arguments)
    foreign = set(options.clients) - set(CLIENTS)
    if foreign:
        parser.error(f"no such client: {', '.join(sorted(foreign))}")
    failed = False
    for client in [CLIENTS[name] for name in options.clients] or CLIENTS.values():
        if options.install:
            client.install()
        failed |= not _show(client)
    return int(failed)


def _show(client: Client) -> bool:
    if not client.is_installed:
        print(f"{client.name:5} not installed: {HINT}", flush=True)
        return True
    result = run(client)
    print(f"{client.name:5} {result.version:10} {result}", flush=True)
    if result.remarks:
        print(result.remarks, file=sys.stderr, flush=True)
    return result.is_good


if __name__ == "__main__":
    sys.exit(main())

"""
A loopback venue in a process of its own, for whatever must not share an event loop with it.

Rules of this file
------------------
- Standard library and msgspec only: importing it costs nothing worth counting.
- The child watches its standard input: it ends when the parent closes the pipe or dies.
"""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.loopback.address import Addressed
from nautilus_lighter_nonce.loopback.config import VenueConfig


STOP_TIMEOUT_S: Final = 3.0
HTTP_TIMEOUT_S: Final = 10.0


class Announcement(msgspec.Struct, frozen=True):
    """The one line that the child writes when it listens."""

    port: int
    http_url: str
    ws_url: str


class VenueProcessError(RuntimeError):
    """The venue's process did not do what it was told; the text says what it answered."""


class VenueProcess(Addressed):
    """
    A loopback venue in a child process; a context manager.

    Parameters
    ----------
    config : VenueConfig, optional
        The venue.
    port : int, default 0
        The TCP port; 0 takes a free one.

    Examples
    --------
    >>> with VenueProcess(VenueConfig(latency_ms=20)) as venue:
    ...     venue.control({"fault": "vanish"})

    """

    def __init__(self, config: VenueConfig | None = None, port: int = 0) -> None:
        self.config = config or VenueConfig()
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id, ``None`` while there is none."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """
        Start the child and wait until it listens.

        Raises
        ------
        VenueProcessError
            If it ended before it listened.

        """
        command = [sys.executable, "-m", "nautilus_lighter_nonce.loopback", "--stdin-guard"]
        command += ["--port", str(self.port)]
        command += ["--config", msgspec.json.encode(self.config).decode()]
        # The child must find the package as the parent found it, installed or not.
        home = str(Path(__file__).resolve().parents[2])
        search = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": search},
            process_group=0,  # the terminal's Ctrl-C is for the parent, which ends the child
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.stop()
            raise VenueProcessError("the venue's process ended before it listened")
        self.port = msgspec.json.decode(line, type=Announcement).port

    def stop(self) -> None:
        """End the child; a second call does nothing."""
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def __enter__(self) -> VenueProcess:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    # -- CONTROL ----------------------------------------------------------------------------------

    def control(self, command: dict[str, Any]) -> None:
        """
        Carry out a control command, see `control`.

        Raises
        ------
        VenueProcessError
            If the venue refused it.

        """
        self._ask("/control", msgspec.json.encode(command))

    def fault(self, name: str, **fields: Any) -> None:
        """Arm a lever, or act at once, see `faults.Lever`."""
        self.control({"fault": name} | fields)

    def set(self, **changes: Any) -> None:
        """Change settable fields of the config, see `config.SETTABLE`."""
        self.control({"set": changes})

    def ledger(self, *, by_transaction: bool = False) -> list[dict[str, Any]]:
        """Return what the venue saw: a row per write, or per transaction with its copies."""
        path = "/ledger?by=transaction" if by_transaction else "/ledger"
        entries: list[dict[str, Any]] = self._ask(path)["entries"]
        return entries

    def summary(self, told: Iterable[Mapping[str, Any]] | None = None) -> dict[str, Any]:
        """
        Return what the ledger amounts to.

        Parameters
        ----------
        told : Iterable[Mapping[str, Any]], optional
            What callers were told of their orders; it is judged then, see `venue.judgement`.

        Raises
        ------
        VenueProcessError
            If something told is no claim.

        """
        if told is None:
            return self._ask("/ledger?summary=1")
        return self._ask("/ledger", msgspec.json.encode({"told": list(told)}))

    def _ask(self, path: str, body: bytes | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.http_url + path, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=HTTP_TIMEOUT_S) as response:
                answer = response.read()
        except urllib.error.HTTPError as e:
            raise VenueProcessError(e.read().decode()) from e
        return msgspec.json.decode(answer, type=dict[str, Any])

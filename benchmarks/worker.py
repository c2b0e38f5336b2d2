"""
A client in a process of its own: jobs in, outcomes out, one JSON line each.

Rules of this file
------------------
- The child keeps standard output for itself: whatever a client prints goes to standard error, which
  is shown only if the child fails.
- All clients run on the same kind of event loop, uvloop where it is installed: a node always does.
- A node's logging can be set up once per process: its worker is renewed for every job.
"""

from __future__ import annotations

import asyncio
import contextlib
import cProfile
import importlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from typing import Final

import msgspec

from benchmarks.load import Job
from benchmarks.load import Outcome


JOB_TIMEOUT_SECS: Final = 180.0

MODULES: Final = {
    "sdk": "benchmarks.clients.sdk",
    "sdk-thread": "benchmarks.clients.sdk",
    "sdk-api": "benchmarks.clients.sdk",
    "lane": "benchmarks.clients.lane",
    "node": "benchmarks.clients.node",
}

ONCE_ONLY: Final = frozenset({"node"})
OFF_MAIN_THREAD: Final = frozenset({"sdk-thread"})


class WorkerError(RuntimeError):
    """A client's process did not hand back an outcome; the text is the end of what it printed."""


class Worker:
    """
    The parent's end.

    Parameters
    ----------
    client : str
        Which client, a key of `MODULES`.

    """

    def __init__(self, client: str) -> None:
        self._client = client
        self._process: subprocess.Popen[bytes] | None = None
        self._remarks = tempfile.TemporaryFile()  # noqa: SIM115  closed with the worker

    def ask(self, job: Job) -> Outcome:
        """
        Have a job done.

        Raises
        ------
        WorkerError
            If the child ended, or took longer than `JOB_TIMEOUT_SECS`.

        """
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(job) + b"\n")
        process.stdin.flush()
        killer = threading.Timer(JOB_TIMEOUT_SECS, process.kill)
        killer.start()
        line = process.stdout.readline()
        killer.cancel()
        if not line or self._client in ONCE_ONLY:
            self.close()
        if not line:
            self._remarks.seek(0)
            raise WorkerError(self._remarks.read().decode()[-2_000:])
        return msgspec.json.decode(line, type=Outcome)

    def close(self) -> None:
        """End the child; the next job starts another."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(10.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def _start(self) -> subprocess.Popen[bytes]:
        self._remarks.seek(0)
        self._remarks.truncate()
        home = str(Path(__file__).resolve().parents[1])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", self._client],
            cwd=home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._remarks,
        )
        return self._process


def main(client: str) -> None:
    """Do jobs until standard input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    module = importlib.import_module(MODULES[client])
    with ThreadPoolExecutor(1) as other:
        for line in sys.stdin.buffer:
            job = msgspec.json.decode(line, type=Job)
            is_off = client in OFF_MAIN_THREAD
            outcome = other.submit(_do, module, job).result() if is_off else _do(module, job)
            answers.write(msgspec.json.encode(outcome) + b"\n")
            answers.flush()


def _do(module: Any, job: Job) -> Outcome:
    profile = cProfile.Profile() if job.profile else contextlib.nullcontext()
    with profile, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        outcome: Outcome = runner.run(module.run(job))
    if isinstance(profile, cProfile.Profile) and job.profile:
        profile.dump_stats(job.profile)
    return outcome


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    return importlib.import_module("uvloop").new_event_loop if find_spec("uvloop") else None


if __name__ == "__main__":
    main(sys.argv[1])

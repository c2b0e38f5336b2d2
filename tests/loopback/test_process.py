"""The venue in a process of its own, and the fixture that gives it to tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import tomllib
import urllib.request
from pathlib import Path

import pytest

from nautilus_lighter_nonce.loopback import VenueConfig
from nautilus_lighter_nonce.loopback import VenueProcess
from nautilus_lighter_nonce.loopback.process import VenueProcessError


ROOT = Path(__file__).parents[2]
PLUGIN = "nautilus_lighter_nonce.loopback.pytest_plugin"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_start_announces_and_answers() -> None:
    """The child listens on the announced port with the config it was given."""
    with VenueProcess(VenueConfig(chain_id=304)) as venue:
        with urllib.request.urlopen(f"{venue.http_url}/api/v1/status", timeout=5) as response:
            body = json.loads(response.read())
        assert body["network_id"] == 304
        assert venue.ws_url == f"ws://127.0.0.1:{venue.port}/stream"


def test_control_and_ledger_cross_the_process() -> None:
    """Control commands and the ledger work from outside, and errors come back as such."""
    with VenueProcess() as venue:
        venue.set(latency_ms=1)
        venue.fault("refuse")
        assert venue.ledger() == []
        assert venue.summary()["transactions"] == 0
        with pytest.raises(VenueProcessError, match="nonsense"):
            venue.fault("nonsense")


def test_stop_ends_the_child_and_is_idempotent() -> None:
    """After the context the child is gone; stopping again does nothing."""
    with VenueProcess() as venue:
        pid = venue.pid
        assert pid is not None
        assert _is_alive(pid)
    assert not _is_alive(pid)
    venue.stop()


def test_parent_dies_child_follows() -> None:
    """A parent that is killed takes the child along, since its pipe closes."""
    program = (
        "import sys, time\n"
        "from nautilus_lighter_nonce.loopback import VenueProcess\n"
        "venue = VenueProcess(); venue.start()\n"
        "print(venue.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while _is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _is_alive(pid)


def test_start_wrong_port_raises() -> None:
    """A child that cannot listen is an error, not a hang."""
    with VenueProcess() as venue:
        other = VenueProcess(port=venue.port)
        with pytest.raises(VenueProcessError):
            other.start()


def run_pytest(folder: Path, *options: str, autoload: bool) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder as somebody else would, whatever our own run was told."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    search = os.pathsep.join((str(folder), str(ROOT)))
    environment = own | {"PYTHONPATH": search}
    if not autoload:
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [sys.executable, "-m", "pytest", "-q", "--strict-markers", *options, "test_it.py"]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, check=False, text=True
    )


def test_fixture_starts_the_marked_venue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a venue of its own, made with the marker's fields, whoever runs pytest."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "--collect-only -p no:such_plugin")
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.mark.lighter_venue(latency_ms=20, seed=7)\n"
        "def test_marked(lighter_venue):\n"
        "    assert lighter_venue.config.latency_ms == 20\n"
        "    assert lighter_venue.summary()['transactions'] == 0\n"
        "def test_plain(lighter_venue):\n"
        "    assert lighter_venue.config.latency_ms == 0\n"
    )
    done = run_pytest(tmp_path, "-p", PLUGIN, autoload=False)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_fixture_marker_arms_levers_and_carries_out_commands(tmp_path: Path) -> None:
    """The marker takes what a venue is told at birth, as JSON would write it."""
    (tmp_path / "test_it.py").write_text(
        "import pytest, urllib.error, urllib.request\n"
        "@pytest.mark.lighter_venue(\n"
        "    levers=[{'fault': 'answer', 'endpoint': 'status', 'value': [7]}],\n"
        "    commands=[{'foreign': {'account_index': 700, 'api_key_index': 5, 'count': 3}}],\n"
        "    next_nonce={'mode': 'value', 'value': 'text'},\n"
        ")\n"
        "def test_marked(lighter_venue):\n"
        "    url = lighter_venue.http_url + '/api/v1/'\n"
        "    assert urllib.request.urlopen(url + 'status').read() == b'[7]'\n"
        "    nonce = url + 'nextNonce?account_index=700&api_key_index=5'\n"
        "    assert b'text' in urllib.request.urlopen(nonce).read()\n"
        "    assert lighter_venue.summary()['accepted'] == 3\n"
    )
    done = run_pytest(tmp_path, "-p", PLUGIN, autoload=False)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_plugin_named_beside_its_entry_point_is_registered_once(tmp_path: Path) -> None:
    """A conftest may name the plugin that pytest has found by itself already."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    lines = [f"{name} = {target}" for name, target in declared["pytest11"].items()]
    info = tmp_path / "somebody-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: somebody\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("\n".join(["[pytest11]", *lines]))
    (tmp_path / "conftest.py").write_text(f"pytest_plugins = ['{PLUGIN}']\n")
    (tmp_path / "test_it.py").write_text(
        "def test_it(lighter_venue):\n    assert lighter_venue.ledger() == []\n"
    )
    done = run_pytest(tmp_path, autoload=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_import_plugin_is_cheap() -> None:
    """Importing the plugin imports neither aiohttp nor nautilus_trader nor the SDK."""
    program = (
        "import sys, nautilus_lighter_nonce.loopback.pytest_plugin\n"
        "print([m for m in ('aiohttp', 'nautilus_trader', 'lighter') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

"""The command line: helpful, quick to start, and one line for whatever a user can mend."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from click.testing import Result

import nautilus_lighter_nonce
from nautilus_lighter_nonce import cli


ROOT = Path(__file__).parents[1]
LOOPBACK = ROOT / "config" / "loopback.json"
COMMAND = [sys.executable, "-m", "nautilus_lighter_nonce.cli"]
SECRET = "5ec2e7" * 13

Edited = Callable[[Callable[[dict[str, Any]], Any]], Path]


def invoke(*arguments: object) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(cli.main, [str(argument) for argument in arguments])


def client_of(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the Lighter client's part of a node's config."""
    config: dict[str, Any] = raw["exec_clients"]["LIGHTER"]["config"]
    return config


@pytest.fixture
def edited(tmp_path: Path) -> Edited:
    """Return a function that writes an edited copy of the loopback config."""

    def edit(change: Callable[[dict[str, Any]], Any]) -> Path:
        raw = json.loads(LOOPBACK.read_text())
        change(raw)
        path = tmp_path / "node.json"
        path.write_text(json.dumps(raw))
        return path

    return edit


# -- HELP ------------------------------------------------------------------------------------------


def test_version_asked_is_the_package_version() -> None:
    """`--version` names the program and its version."""
    result = invoke("--version")

    assert result.output == f"lighter-nonce, version {nautilus_lighter_nonce.__version__}\n"


@pytest.mark.parametrize("command", [(), ("demo",), ("run",), ("venue",)])
def test_help_of_command_shows_examples(command: tuple[str, ...]) -> None:
    """Every help text ends with commands that can be copied."""
    result = invoke(*command, "--help")

    assert result.exit_code == 0
    assert "  lighter-nonce " in result.output.partition("Examples\n")[2]


def test_import_of_cli_loads_nothing_heavy() -> None:
    """`--help` answers at once: Nautilus, the SDK and aiohttp are imported by commands."""
    heavy = ("nautilus_trader", "lighter", "aiohttp", "rich")
    code = (
        "import sys, nautilus_lighter_nonce.cli;"
        f"print(*[name for name in {heavy} if name in sys.modules])"
    )

    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)

    assert run.stdout.split() == []


# -- ERRORS ----------------------------------------------------------------------------------------


def error_of(result: Result) -> str:
    """Return the one line that a failed command wrote."""
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    (line,) = result.output.splitlines()
    return line


def test_run_missing_file_names_it(tmp_path: Path) -> None:
    """A path that is not there is said in one line."""
    path = tmp_path / "nowhere.json"

    assert error_of(invoke("run", path)) == f"Error: {path} was not read: No such file or directory"


def test_run_broken_json_names_file(tmp_path: Path) -> None:
    """A file that is no JSON object is said in one line."""
    path = tmp_path / "node.json"
    path.write_text('{"trader_id": ')

    assert error_of(invoke("run", path)).startswith(f"Error: {path} is no JSON object: ")


def test_run_config_error_names_field_value_and_remedy(edited: Edited) -> None:
    """A value that cannot work is named with what to write instead."""
    path = edited(lambda raw: client_of(raw).update(environment="moon"))

    assert error_of(invoke("run", path)).startswith("Error: environment was 'moon'; use one of")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda raw: raw.update(trader_id=7), "is no trading node's config"),
        (lambda raw: raw["logging"].update(log_level="LOUD"), "logging.log_level was 'LOUD'"),
        (lambda raw: client_of(raw).update(api_key_index="x"), "$.api_key_index"),
        (
            lambda raw: raw["exec_clients"]["LIGHTER"]["factory"].update(path="nowhere:Factory"),
            "a class named in exec_clients was not found",
        ),
    ],
)
def test_run_wrong_config_says_where(
    edited: Edited, change: Callable[[dict[str, Any]], Any], words: str
) -> None:
    """Whatever is wrong in the file is one line that says where, before anything is started."""
    assert words in error_of(invoke("run", edited(change)))


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("mainnet", "LIGHTER_ACCOUNT_INDEX"),
        ("mainnet", "LIGHTER_API_KEY_INDEX"),
        ("mainnet", "LIGHTER_API_SECRET"),
        ("testnet", "LIGHTER_TESTNET_ACCOUNT_INDEX"),
    ],
)
def test_run_missing_variable_names_it(
    name: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing environment variable is named together with the field it is for."""
    for known in ("ACCOUNT_INDEX", "API_KEY_INDEX", "API_SECRET"):
        monkeypatch.setenv(f"LIGHTER_{known}", "5")
    monkeypatch.delenv(variable, raising=False)

    error = error_of(invoke("run", ROOT / "config" / f"{name}.json"))

    assert "was missing; set it, or set " in error
    assert error.endswith(variable)


def test_run_malformed_key_does_not_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that cannot be one is described, never quoted."""
    monkeypatch.setenv("LIGHTER_ACCOUNT_INDEX", "700")
    monkeypatch.setenv("LIGHTER_API_KEY_INDEX", "5")
    monkeypatch.setenv("LIGHTER_API_SECRET", SECRET)

    error = error_of(invoke("run", ROOT / "config" / "mainnet.json"))

    assert error.startswith("Error: private_key was 78 hex digits")
    assert SECRET[:12] not in error


@pytest.mark.parametrize(
    ("module", "command", "hint"),
    [
        ("aiohttp", ("venue",), "pip install 'lighter-nonce-nt[loopback]'"),
        ("rich", ("demo",), "pip install 'lighter-nonce-nt[cli]'"),
        ("lighter", ("run", LOOPBACK), "pip install 'lighter-nonce-nt[lighter]'"),
    ],
)
def test_command_without_extra_says_what_to_install(
    module: str, command: tuple[object, ...], hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing extra is a hint, not a traceback."""

    def find(name: str) -> object:
        return None if name == module else find_spec(name)

    monkeypatch.setattr("nautilus_lighter_nonce.cli.find_spec", find)

    assert error_of(invoke(*command)) == f"Error: {module} is not installed: {hint}"


# -- PROCESSES -------------------------------------------------------------------------------------


def test_run_loopback_config_trades_and_ends() -> None:
    """The shipped file runs as it stands, on a venue of its own, and ends when its time is up."""
    run = subprocess.run(
        [*COMMAND, "run", str(LOOPBACK), "--seconds", "2"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert "OrderAccepted" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr


@pytest.fixture
def venue() -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Yield a running `venue` command and its first two lines."""
    command = [*COMMAND, "venue", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, [process.stdout.readline().strip() for _ in range(2)]
        process.send_signal(signal.SIGINT)


def test_venue_interrupted_ends_cleanly(venue: tuple[subprocess.Popen[str], list[str]]) -> None:
    """The venue says where it listens and how to pull a lever, and Ctrl-C closes it."""
    process, lines = venue
    assert process.stdout is not None

    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()

    assert lines[1].startswith("REST       http://127.0.0.1:")
    assert "/control --json" in rest
    assert rest.endswith("Closed.\n")
    assert process.wait(60) == 0


def test_venue_taken_port_says_so(venue: tuple[subprocess.Popen[str], list[str]]) -> None:
    """A port that is taken is named, with what to use instead."""
    _, lines = venue
    port = lines[1].rpartition(":")[2]

    error = error_of(invoke("venue", "--port", port))

    assert error.startswith(f"Error: port was {port}; nothing can listen there (")

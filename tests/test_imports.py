"""What an import costs and where imports may point, beyond what import-linter can say."""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nautilus_lighter_nonce


PACKAGE = Path(nautilus_lighter_nonce.__file__).parent
HEAVY = ("nautilus_trader", "lighter", "aiohttp")
CLOCKS_LOOPS_AND_LOGS = {"asyncio", "datetime", "logging", "time"}


def loaded_by(statement: str) -> set[str]:
    """Return the heavy top-level modules that a fresh interpreter has loaded after `statement`."""
    code = f"import sys\n{statement}\nprint(*[name for name in {HEAVY} if name in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(run.stdout.split())


def imported_modules(folder: str) -> Iterator[str]:
    """Yield the full name of whatever the files below `folder` import."""
    for path in sorted((PACKAGE / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


# -- COST ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "import nautilus_lighter_nonce",
        "import nautilus_lighter_nonce.core",
        "from nautilus_lighter_nonce import NonceManager, NonceLane, SkipWindowExhausted",
        "import nautilus_lighter_nonce.loopback.venue.txhash",
    ],
)
def test_import_of_light_name_loads_nothing_heavy(statement: str) -> None:
    """Whoever needs only nonces pays neither for Nautilus nor for the SDK nor for aiohttp."""
    assert loaded_by(statement) == set()


def test_loaded_by_heavy_import_reports_it() -> None:
    """The probe of the test above sees a heavy import when there is one."""
    assert loaded_by("import aiohttp") == {"aiohttp"}


# -- NAMES -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", nautilus_lighter_nonce.__all__)
def test_root_name_in_all_is_found_and_listed(name: str) -> None:
    """Every public name of the package root exists, and `dir` shows it."""
    assert getattr(nautilus_lighter_nonce, name) is not None
    assert name in dir(nautilus_lighter_nonce)


def test_root_name_of_core_is_the_one_of_core() -> None:
    """A lazily imported class is the class itself, no copy."""
    core = importlib.import_module("nautilus_lighter_nonce.core")

    assert nautilus_lighter_nonce.NonceManager is core.NonceManager


def test_root_name_that_is_unknown_raises_attribute_error() -> None:
    """A misspelt name fails like in any other module."""
    with pytest.raises(AttributeError, match="'nautilus_lighter_nonce' has no attribute 'Nonsens'"):
        nautilus_lighter_nonce.Nonsens  # noqa: B018


# -- DIRECTION -------------------------------------------------------------------------------------


def test_core_imports_only_stdlib_and_msgspec() -> None:
    """The core knows no clock, loop or log, and nobody else's code but msgspec."""
    foreign = set()
    for module in imported_modules("core"):
        top = module.partition(".")[0]
        own = module.startswith("nautilus_lighter_nonce.core.")
        known = top == "msgspec" or top in sys.stdlib_module_names - CLOCKS_LOOPS_AND_LOGS
        if not own and not known:
            foreign.add(module)

    assert foreign == set()


def test_outbox_imports_of_ours_only_law_and_words() -> None:
    """Beside itself it knows the core and two files of the wire; no clock, loop, log or thread."""
    allowed = (
        "nautilus_lighter_nonce.outbox.",
        "nautilus_lighter_nonce.core.",
        "nautilus_lighter_nonce.lighter.codes.",
        "nautilus_lighter_nonce.lighter.transactions.",
    )
    known = sys.stdlib_module_names - CLOCKS_LOOPS_AND_LOGS - {"threading"} | {"msgspec"}
    foreign = {
        module
        for module in imported_modules("outbox")
        if module.partition(".")[0] not in known and not f"{module}.".startswith(allowed)
    }

    assert foreign == set()


@pytest.mark.parametrize("folder", ["core", "outbox", "lighter"])
def test_folder_without_nautilus_imports_nothing_of_it(folder: str) -> None:
    """Laws and wire know nothing of Nautilus; its network clients are in `transport_*`."""
    assert [name for name in imported_modules(folder) if name.startswith("nautilus_trader")] == []


def test_loopback_imports_of_ours_only_schemas_and_codes() -> None:
    """The venue in a box shares the words of the wire with us, and no law."""
    allowed = (
        "nautilus_lighter_nonce.loopback.",
        "nautilus_lighter_nonce.lighter.schemas.",
        "nautilus_lighter_nonce.lighter.codes.",
    )
    ours = {
        module
        for module in imported_modules("loopback")
        if module.startswith("nautilus_lighter_nonce.")
    }

    assert {module for module in ours if not f"{module}.".startswith(allowed)} == set()

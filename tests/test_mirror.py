"""The tests mirror the package: every module has a test file of its own, in the same folder."""

from __future__ import annotations

from pathlib import Path

import nautilus_lighter_nonce


PACKAGE = Path(nautilus_lighter_nonce.__file__).parent
TESTS = Path(__file__).parent

WORDS_ONLY = {
    "core/decisions.py": "values and enums without behaviour; whoever decides them is tested",
    "outbox/settings.py": "values and their defaults",
    "outbox/work.py": "values and enums without behaviour",
}
"""Modules in which nothing happens, and why."""


def modules() -> set[str]:
    """Return every module of the package, as a path in it; a package's own file does nothing."""
    paths = {path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")}
    return {str(path) for path in paths if path.name not in ("__init__.py", "__main__.py")}


def untested() -> set[str]:
    """Return the modules without a test file in the mirrored place."""
    return {
        name
        for name in modules()
        if not (TESTS / name).with_name(f"test_{Path(name).name}").exists()
    }


def test_every_module_has_a_test_file_of_its_own() -> None:
    """Who changes a module finds its tests without searching."""
    assert untested() - set(WORDS_ONLY) == set()


def test_exceptions_are_modules_without_a_test_file() -> None:
    """What was written, renamed or given a test leaves the list."""
    assert set(WORDS_ONLY) - untested() == set()


def test_modules_are_seen() -> None:
    """The probe of the tests above sees the package, folders inside folders too."""
    assert {"cli.py", "core/lane.py", "loopback/venue/book.py"} <= modules()

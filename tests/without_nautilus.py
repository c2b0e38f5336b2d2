"""
Imports and tests what needs no Nautilus where Nautilus cannot be imported; `make check` does it.

Rule of this file: it bans the name before anything else is imported, so that no module gets by.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType


ROOT = Path(__file__).parent.parent
PACKAGE = "nautilus_lighter_nonce"
BANNED = "nautilus_trader"
FREE = ("core", "outbox", "lighter")
TESTS = ("tests/outbox", "tests/lighter")


class Ban(MetaPathFinder):
    """Refuses every import of Nautilus."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raise for what is banned, and leave everything else to the others."""
        if fullname.partition(".")[0] == BANNED:
            raise ModuleNotFoundError(f"{fullname} is banned here", name=fullname)
        return None


def ban() -> None:
    """Let every import of Nautilus fail from here on."""
    if BANNED in sys.modules:
        raise RuntimeError(f"{BANNED} was imported before it was banned")
    sys.meta_path.insert(0, Ban())


def modules() -> list[str]:
    """Return the full name of every module that must do without Nautilus."""
    paths = [path for folder in FREE for path in sorted((ROOT / PACKAGE / folder).rglob("*.py"))]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    return [name.removesuffix(".__init__") for name in names]


def main() -> int:
    """Import and test it; return pytest's exit code."""
    ban()
    names = modules()
    for name in names:
        importlib.import_module(name)
    print(f"{len(names)} modules of {', '.join(FREE)} were imported without {BANNED}")
    import pytest

    os.environ.pop("PYTEST_ADDOPTS", None)  # what somebody's pytest is told changes nothing here
    return pytest.main(["-q", "-p", "no:cacheprovider", "--disable-warnings", *TESTS])


if __name__ == "__main__":
    sys.exit(main())

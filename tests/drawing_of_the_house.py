"""
The house as its files say it: rooms, the arrows between them, and what lives in each.

`python -m tests.drawing_of_the_house` prints the map of `docs/concepts.md` and the tables of
`docs/rooms.md`; with `--write` it puts them in their places. `tests/test_docs.py` compares.

Rules of this file
------------------
- Everything is read from the files, without importing them: imports by `ast`, words from the first
  paragraph of a docstring.
- An arrow says "imports". One that follows from others is left out, or nobody could read the map;
  a dotted one is an import that waits until a function is called.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final


ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = "nautilus_lighter_nonce"
MAP: Final = ("<!-- map of the house -->", "<!-- end of map -->")
ROOMS: Final = ("<!-- rooms -->", "<!-- end of rooms -->")

Arrows = dict[tuple[str, str], bool]
"""(from, to) to whether every such import waits for a call."""


# -- READING --------------------------------------------------------------------------------------


def files() -> list[Path]:
    """Return the package's files, by name."""
    return sorted((ROOT / PACKAGE).rglob("*.py"))


def room_of(path: Path) -> str:
    """Return the room on the top floor that a file belongs to; empty for the package's own."""
    first = path.relative_to(ROOT / PACKAGE).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def arrows() -> Arrows:
    """Return which room imports which."""
    rooms = {room_of(path) for path in files()} - {""}
    found: Arrows = {}
    for path in files():
        here = room_of(path)
        for there, waits in _imports(ast.parse(path.read_text()), waits=False):
            if here and there in rooms and there != here:
                found[here, there] = found.get((here, there), True) and waits
    return found


def _imports(node: ast.AST, *, waits: bool) -> Iterator[tuple[str, bool]]:
    """Yield the room of each import below a node, but for those that only a type checker sees."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ImportFrom) and child.module is not None:
            names = [f"{child.module}.{alias.name}" for alias in child.names]
            yield from ((room, waits) for name in names for room in _room_in(name))
        elif isinstance(child, ast.Import):
            yield from ((room, waits) for alias in child.names for room in _room_in(alias.name))
        elif not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _imports(child, waits=waits or is_function)


def _room_in(name: str) -> list[str]:
    parts = name.split(".")
    return parts[1:2] if parts[0] == PACKAGE else []


def reduced(all_arrows: Arrows) -> Arrows:
    """Return the arrows that do not follow from others."""
    below: dict[str, set[str]] = {}
    for here, there in all_arrows:
        below.setdefault(here, set()).add(there)

    def reach(room: str) -> set[str]:
        reached: set[str] = set()
        left = [room]
        while left:
            fresh = below.get(left.pop(), set()) - reached
            reached |= fresh
            left += fresh
        return reached

    return {
        (here, there): waits
        for (here, there), waits in all_arrows.items()
        if not any(there in reach(other) for other in below[here] - {there})
    }


# -- DRAWING --------------------------------------------------------------------------------------


def drawn_map() -> str:
    """Return the map as a mermaid flowchart."""
    kept = reduced(arrows())
    rooms = sorted({room_of(path) for path in files()} - {""})
    folders = [room for room in rooms if (ROOT / PACKAGE / room).is_dir()]
    lines = ["```mermaid", "flowchart TD"]
    lines += [f'    {room}["{room}/"]' for room in folders]
    lines += [
        f"    {here} {'-.->' if waits else '-->'} {there}"
        for (here, there), waits in sorted(kept.items())
    ]
    alone = [room for room in rooms if not any(room in arrow for arrow in kept)]
    return "\n".join([*lines, *(f"    {room}" for room in alone if room not in folders), "```"])


def drawn_rooms() -> str:
    """Return a table for each folder: its files, and what each says of itself first."""
    folders: dict[Path, list[Path]] = {}
    for path in files():
        folders.setdefault(path.parent, []).append(path)
    return "\n\n".join(_table(folder, inside) for folder, inside in sorted(folders.items()))


def _table(folder: Path, inside: list[Path]) -> str:
    name = folder.relative_to(ROOT).as_posix()
    own = [path for path in inside if path.stem == "__init__"]
    rows = [f"| `{path.name}` | {words_of(path)} |" for path in inside if path not in own]
    head = [f"## `{name}/`", *(words_of(path) for path in own)]
    if rows:
        head.append("\n".join(["| file | what lives there |", "|---|---|", *rows]))
    return "\n\n".join(head)


def words_of(path: Path) -> str:
    """Return the first paragraph of a file's docstring, on one line."""
    words = ast.get_docstring(ast.parse(path.read_text())) or ""
    return " ".join(words.split("\n\n")[0].split()).replace("|", "\\|")


def between(text: str, marks: tuple[str, str]) -> str:
    """Return what stands between two marks."""
    return text.split(marks[0])[1].split(marks[1])[0].strip()


def redraw(path: Path, marks: tuple[str, str], drawing: str) -> None:
    """Put a drawing between its marks."""
    before, rest = path.read_text().split(marks[0])
    after = rest.split(marks[1])[1]
    path.write_text(f"{before}{marks[0]}\n\n{drawing}\n\n{marks[1]}{after}")


def main() -> None:
    """Print both drawings, or write them."""
    if sys.argv[1:] == ["--write"]:
        redraw(ROOT / "docs" / "concepts.md", MAP, drawn_map())
        redraw(ROOT / "docs" / "rooms.md", ROOMS, drawn_rooms())
    else:
        print(drawn_map(), drawn_rooms(), sep="\n\n")


if __name__ == "__main__":
    main()

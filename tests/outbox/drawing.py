"""
Draws the table of a transaction's states for the documentation.

`python -m tests.outbox.drawing` writes it into `docs/concepts.md`, between its two marks.
"""

from __future__ import annotations

from pathlib import Path

from nautilus_lighter_nonce.outbox.moves import MOVES
from nautilus_lighter_nonce.outbox.moves import Guard
from nautilus_lighter_nonce.outbox.moves import Move
from nautilus_lighter_nonce.outbox.moves import TxState


BEGIN, END = "<!-- transaction table -->", "<!-- end of transaction table -->"
CONCEPTS = Path(__file__).parents[2] / "docs" / "concepts.md"


def drawn() -> str:
    """Return the table in Markdown: rows of the same meaning in several states are joined."""
    lines = ["| state | what happened | if | next state |", "|---|---|---|---|"]
    for states, move in _joined():
        names = "any other" if len(states) > 2 else ", ".join(state.name for state in states)
        why = f": {move.why.value}" if move.why is not None else ""
        guard = "" if move.guard is Guard.ALWAYS else move.guard.value
        lines.append(f"| {names} | {move.input.value} | {guard} | {move.next.name}{why} |")
    return "\n".join(lines)


def _joined() -> list[tuple[list[TxState], Move]]:
    out: list[tuple[list[TxState], Move]] = []
    for move in MOVES:
        last = out[-1][1] if out else None
        is_same = last is not None and (last.input, last.guard, last.next, last.why) == (
            move.input,
            move.guard,
            move.next,
            move.why,
        )
        if is_same:
            out[-1][0].append(move.state)
        else:
            out.append(([move.state], move))
    return out


def main() -> None:
    """Write the table into the documentation."""
    before, _, rest = CONCEPTS.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    CONCEPTS.write_text(f"{before}{BEGIN}\n\n{drawn()}\n\n{END}{after}")


if __name__ == "__main__":
    main()

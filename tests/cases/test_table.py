"""The table of the cases tells the truth: each test is in it, marked or not as it is."""

from __future__ import annotations

import re
from pathlib import Path


HERE = Path(__file__).parent
TABLE = (HERE.parents[1] / "docs" / "cases.md").read_text()


def test_table_of_cases_names_every_test_and_its_mark() -> None:
    """A row whose mark is removed says so in the documents."""
    tests = {}
    for path in HERE.glob("test_a_*.py"):
        for part in re.split(r"\n\n\n", path.read_text()):
            for name in re.findall(r"^(?:async )?def (test_\w+)", part, re.MULTILINE):
                tests[name] = "@pytest.mark.xfail" in part
    rows = re.findall(r"^\| (A\d+) \| `(\w+)` \|.*\| (marked|passes)", TABLE, re.MULTILINE)
    assert {name: today == "marked" for _, name, today in rows} == tests
    for row, name, _ in rows:
        assert name.startswith(f"test_{row.lower()}_")
    assert {row for row, _, _ in rows} == {f"A{number}" for number in range(1, 22)}

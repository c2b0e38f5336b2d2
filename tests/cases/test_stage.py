"""The stage itself: each test hears of its own story, and only of that."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.case import Verdict
from tests.cases.case import judge
from tests.cases.case import until
from tests.cases.stage import Stage
from tests.nodes import Node


STAGE = Stage()


@STAGE.row({"good": {"executed": 1}, "bad": {"executed": 2}})
async def story_of_one_order(venue: Any, node: Node, executed: int) -> None:
    """One order is made."""
    order = node.strategies[0].limit()
    await until(lambda: order.is_open)
    assert judge(venue, [order]) == Verdict(executed=executed)


@STAGE.row()
async def story_that_does_not_come_about(venue: Any, node: Node) -> None:
    """What is waited for does not happen."""
    await until(lambda: False, 0.1)


def test_stage_raises_what_a_story_raised_and_spares_the_others() -> None:
    """A wrong end fails its own test; what did not come about is no assertion."""
    STAGE.play("story_of_one_order", "good")
    with pytest.raises(AssertionError):
        STAGE.play("story_of_one_order", "bad")
    with pytest.raises(TimeoutError):
        STAGE.play("story_that_does_not_come_about", "")

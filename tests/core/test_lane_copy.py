"""A lane that is copied whole, as a search copies it, goes on by itself."""

from __future__ import annotations

import pickle
import threading

from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.core.manager import NonceManager
from tests.core.lanes import SETTLE
from tests.core.lanes import issue
from tests.core.lanes import make_lane


def test_copy_of_a_lane_goes_on_alike_and_apart() -> None:
    """Each moves its own counters; all that was known is known to both."""
    lane = make_lane()
    issue(lane, 3)
    lane.unknown(10, lane.epoch, 0)
    copy: NonceLane = pickle.loads(pickle.dumps(lane))
    assert copy.status() == lane.status()
    moves = [(11, "stale", 5), (12, "stale", 6)]
    said = [getattr(lane, verdict)(n, lane.epoch, at) for n, verdict, at in moves]
    assert copy.status().stale == 0
    assert [getattr(copy, verdict)(n, copy.epoch, at) for n, verdict, at in moves] == said
    assert copy.status() == lane.status()
    assert (copy.proved, copy.question_ns, copy.next_nonce) == (10, None, 10)
    assert copy.refreshed(10, SETTLE) == lane.refreshed(10, SETTLE)


def test_copy_of_a_manager_has_its_own_keys_and_lock() -> None:
    """A lock cannot be copied, and must not be shared."""
    manager = NonceManager(3)
    manager.refresh(1, 2, 10)
    copy: NonceManager = pickle.loads(pickle.dumps(manager))
    assert copy.skip_window == 3
    assert copy.next_nonce(1, 2) == 10
    assert manager.last_issued(1, 2) == 9
    shallow = manager.__getstate__()
    assert sorted(shallow) == ["_keys", "_skip_window"]
    manager.refresh(1, 3, 5)
    assert shallow["_keys"] != manager.__dict__["_keys"]
    with copy.__dict__["_lock"]:
        worker = threading.Thread(target=manager.next_nonce, args=(1, 2))
        worker.start()
        worker.join()
    assert manager.last_issued(1, 2) == 10

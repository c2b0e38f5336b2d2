"""
Frames: bound and waiting for their send turn, then written and waiting for their answer.

Rules of this file
------------------
- Frames leave in the order in which they were bound, whatever order signing finishes in; what
  follows a batch waits for the batch's answer, or until frames have shown all of it.
- An answer belongs to the frame whose id it echoes, on its own connection while that is open. A
  late answer is still an answer; a lost connection ends all waiting.
- A frame that stays unanswered is remembered, for an answer without an id may be its own; of many
  such frames only the newest are, and then no answer without an id can be placed.
- It knows no nonce law: it hands back what an input concerns.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from nautilus_lighter_nonce.outbox.alarms import Alarm
from nautilus_lighter_nonce.outbox.alarms import Alarms
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import TxWrite
from nautilus_lighter_nonce.outbox.patience import ReplyPatience
from nautilus_lighter_nonce.outbox.work import Signed


REMEMBERED_FRAMES: Final = 256
"""Frames without an answer that are remembered on one connection (our choice)."""


class Slot:
    """One number taken for one transaction, until it is written or given back."""

    __slots__ = ("copy", "entry", "epoch", "nonce", "write_id")

    def __init__(
        self, entry: Entry, nonce: int, epoch: int, write_id: str, copy: Signed | None
    ) -> None:
        self.entry = entry
        self.nonce = nonce
        self.epoch = epoch
        self.write_id = write_id
        self.copy = copy


class Frame:
    """What leaves together: one transaction, or a batch."""

    __slots__ = ("connection", "deadline_ns", "id", "is_overtaken", "sent_ns", "slots", "writes")

    def __init__(self, frame_id: str, slots: list[Slot]) -> None:
        self.id = frame_id
        self.slots = slots
        self.writes: list[TxWrite] = []
        self.connection = 0
        self.sent_ns = 0
        self.deadline_ns = 0
        self.is_overtaken = False

    @property
    def is_batch(self) -> bool:
        """Whether more than one transaction is in it."""
        return len(self.slots) > 1


class Flight:
    """
    The frames of one key.

    Parameters
    ----------
    timeout_ns : int
        Patience with an answer that nothing has overtaken.
    alarms : Alarms
        Reminds of answers that are due.

    """

    def __init__(self, timeout_ns: int, alarms: Alarms) -> None:
        self._timeout_ns = timeout_ns
        self._alarms = alarms
        self._patience = ReplyPatience()
        self._turn: deque[Frame] = deque()
        self._signing: dict[str, Slot] = {}
        self._written: dict[str, Frame] = {}
        self._held: Frame | None = None
        self.trouble = ""  # why there is no connection, for people
        self._is_blurred = False  # a frame without an answer was forgotten
        self._replaced: int | None = None  # a dumb connection: nothing more is written on it
        self.connection: int | None = None
        self.answered_ns = 0  # when the connection last answered a frame

    # -- THE CONNECTION ---------------------------------------------------------------------------

    @property
    def is_up(self) -> bool:
        """Whether there is a connection to write on."""
        return self.connection is not None and self.connection != self._replaced

    def connected(self, connection: int, now_ns: int) -> None:
        """A connection is up."""
        self.connection = connection
        self.answered_ns = now_ns

    def lost(self) -> list[Frame]:
        """The connection is gone: forget all that waits for an answer, and return it."""
        frames = list(self._written.values())
        self.connection = None
        self._written.clear()
        self._held = None
        self._is_blurred = False
        return frames

    def is_dumb(self, frame: Frame) -> bool:
        """Return whether the open connection answered nothing since a frame was written on it."""
        return (
            self.is_up
            and self.connection == frame.connection
            and (self.answered_ns <= frame.sent_ns)
        )

    def replace(self) -> None:
        """Write nothing more on the present connection."""
        self._replaced = self.connection

    # -- QUESTIONS --------------------------------------------------------------------------------

    @property
    def bound(self) -> int:
        """Transactions with a number that have not been written."""
        return sum(len(frame.slots) for frame in self._turn)

    def bound_nonces(self) -> set[int]:
        """Return the numbers that were given out and not written."""
        return {slot.nonce for frame in self._turn for slot in frame.slots}

    @property
    def is_waiting(self) -> bool:
        """Whether an answer is awaited that has not been given up."""
        return any(frame.deadline_ns for frame in self._written.values())

    @property
    def awaited(self) -> int:
        """Transactions that were written and whose answer has not been given up."""
        return sum(len(frame.writes) for frame in self._written.values() if frame.deadline_ns)

    def only_unanswered(self, connection: int) -> Frame | None:
        """Return the one and only unanswered frame of a connection, if there is one."""
        frames = [frame for frame in self._written.values() if frame.connection == connection]
        return frames[0] if len(frames) == 1 and not self._is_blurred else None

    def frame(self, frame_id: str) -> Frame | None:
        """Return a written frame that is not answered."""
        return self._written.get(frame_id)

    # -- THE SEND TURN ----------------------------------------------------------------------------

    def put(self, frame: Frame) -> None:
        """A frame was bound; it leaves behind all that were bound before."""
        self._turn.append(frame)
        for slot in frame.slots:
            if slot.copy is None:
                self._signing[slot.write_id] = slot

    def signed(self, write_id: str, copy: Signed) -> None:
        """A signature is there; one that nobody waits for any more is dropped."""
        slot = self._signing.pop(write_id, None)
        if slot is not None:
            slot.copy = copy

    def signing(self, write_id: str) -> Slot | None:
        """Return the slot that waits for a signature."""
        return self._signing.get(write_id)

    def next_frame(self) -> Frame | None:
        """Return the frame whose turn it is, if it may leave now."""
        if not self._turn or self._is_held:
            return None
        frame = self._turn[0]
        return frame if all(slot.copy is not None for slot in frame.slots) else None

    @property
    def _is_held(self) -> bool:
        """Whether a batch is on its way, and its fate is not shown either."""
        held = self._held
        return held is not None and any(not write.entry.is_final for write in held.writes)

    def take_back(self) -> list[Slot]:
        """Forget everything that has not left, and return it, the latest first."""
        slots = [slot for frame in self._turn for slot in frame.slots]
        self._turn.clear()
        self._signing.clear()
        return slots[::-1]

    def leave(self, now_ns: int) -> Frame:
        """The frame whose turn it is leaves on the present connection."""
        assert self.connection is not None  # whoever calls has asked `is_up`
        frame = self._turn.popleft()
        frame.connection = self.connection
        frame.sent_ns = now_ns
        self._written[frame.id] = frame
        self._await(frame, now_ns + self._timeout_ns)
        if frame.is_batch:
            self._held = frame
        return frame

    # -- ANSWERS ----------------------------------------------------------------------------------

    def answered(self, frame_id: str, connection: int, now_ns: int) -> Frame | None:
        """Return the frame that an answer belongs to, and hurry those it has overtaken."""
        frame = self._written.get(frame_id)
        if frame is None or frame.connection != connection:
            return None
        del self._written[frame_id]
        self._release(frame)
        self.answered_ns = now_ns
        self._patience.observe(now_ns - frame.sent_ns)
        self._hurry_before(frame, now_ns)
        return frame

    def not_written(self, frame_id: str) -> Frame | None:
        """Return a frame of which nothing was written, and forget it."""
        frame = self._written.pop(frame_id, None)
        if frame is not None:
            self._release(frame)
        return frame

    def silent(self, frame: Frame) -> None:
        """Wait no longer for an answer; one that comes still counts."""
        frame.deadline_ns = 0
        self._release(frame)
        if len(self._written) > REMEMBERED_FRAMES:
            oldest = next((f for f in self._written.values() if not f.deadline_ns), None)
            if oldest is not None:
                del self._written[oldest.id]
                self._is_blurred = True

    def _hurry_before(self, frame: Frame, now_ns: int) -> None:
        due_ns = now_ns + self._patience.overtaken_ns()
        for other in self._written.values():
            if other.sent_ns >= frame.sent_ns:
                break
            if not other.is_overtaken:
                other.is_overtaken = True
                if due_ns < other.deadline_ns:
                    self._await(other, due_ns)

    def _await(self, frame: Frame, deadline_ns: int) -> None:
        frame.deadline_ns = deadline_ns
        self._alarms.set(deadline_ns, Alarm.SILENCE, frame.id)

    def _release(self, frame: Frame) -> None:
        if self._held is frame:
            self._held = None

"""Answers, and frames to be answered, for tests of the room `answers`."""

from __future__ import annotations

from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.answers import Answers
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.fates import Fates
from nautilus_lighter_nonce.outbox.flight import Frame
from nautilus_lighter_nonce.outbox.moves import TxState
from tests.outbox.parts import fates
from tests.outbox.parts import slot
from tests.outbox.parts import write


class Room:
    """Answers, and frames to be answered."""

    def __init__(self) -> None:
        self.fates: Fates = fates()
        self.fates.flight.connected(1, 0)
        self.answers = Answers(self.fates)
        self.seq = 0

    def frame(self, *members: Entry, nonce: int = 0) -> Frame:
        """Write one frame."""
        self.seq += 1
        slots = [slot(member, nonce + at) for at, member in enumerate(members)]
        self.fates.flight.put(Frame(f"f{self.seq}", slots))
        frame = self.fates.flight.leave(0)
        for at, member in enumerate(members):
            if member.place not in self.fates.entries:
                self.fates.add(member)
            member.state, member.was_bound = TxState.WRITTEN, True
            made = write(member, nonce + at, seq=self.seq)
            frame.writes.append(made)
            self.fates.evidence.wrote(made)
        return frame

    def published(self) -> list[tuple[Verdict, int]]:
        """Return (verdict, nonce) of all that was published."""
        return [(x.verdict, x.nonce) for x in self.fates.work if isinstance(x, w.Publish)]

    def decline(self, frame: Frame, code: int, message: str = "", now_ns: int = 0) -> None:
        """The venue declines a frame."""
        verdict = Verdict.STALE if code == 21104 else Verdict.REFUSED
        self.answers.declined(frame, verdict, code, message, now_ns)

"""
Reminders: what becomes due when nothing happens.

Rules of this file
------------------
- A reminder that has nothing to say any more is dropped unheard.
- While a doubt is open there is always a next one: whatever was forgotten is looked at again.
"""

from __future__ import annotations

from typing import Final

from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.alarms import Alarm
from nautilus_lighter_nonce.outbox.answers import Answers
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.fates import Fates
from nautilus_lighter_nonce.outbox.moves import Input
from nautilus_lighter_nonce.outbox.moves import TxState


LOOK_AGAIN_NS: Final = 2_000_000_000
"""Pause between two counter questions for the same cause (our choice)."""

BACKSTOP_NS: Final = 8_000_000_000
"""How long a doubt may be open with nothing due (our choice)."""


class Reminders:
    """
    Hears the alarms of one key.

    Parameters
    ----------
    fates : Fates
        The transactions.
    answers : Answers
        Takes silence for an answer.

    """

    def __init__(self, fates: Fates, answers: Answers) -> None:
        self._fates = fates
        self._answers = answers

    def next_due(self) -> int | None:
        """Return when the next reminder is due that has something to say."""
        alarms = self._fates.alarms
        while (first := alarms.first) is not None:
            due_ns, alarm, about = first
            if self.is_live(alarm, about):
                return due_ns
            alarms.drop()
        return None

    def watch_doubts(self, now_ns: int) -> None:
        """Look again in a while if a doubt is open and nothing is due for long."""
        if not self._fates.doubts:
            return
        due_ns = self.next_due()
        if due_ns is None or due_ns > now_ns + BACKSTOP_NS:
            self._fates.alarms.set(now_ns + BACKSTOP_NS, Alarm.WAKE)

    def is_live(self, alarm: Alarm, about: int | str) -> bool:
        """Return whether an alarm still has something to say."""
        fates = self._fates
        match alarm:
            case Alarm.SILENCE:
                frame = fates.flight.frame(str(about))
                return frame is not None and bool(frame.deadline_ns)
            case Alarm.LOOK:
                return fates.inquiry.is_looking(int(about))
            case Alarm.ASK:
                return fates.inquiry.is_wanted
            case Alarm.WAKE:
                return True
        entry = fates.entries.get(int(about))
        if entry is None:
            return False
        match alarm:
            case Alarm.QUEUE:
                return not entry.was_bound and not entry.repeats
            case Alarm.AGE:
                return not entry.is_old
            case Alarm.SHOW:
                return entry.is_taken
        return not entry.is_dead

    def _has_subject(self, alarm: Alarm, about: int | str) -> bool:
        """Return whether an alarm may say something yet, now or later."""
        match alarm:
            case Alarm.SILENCE | Alarm.LOOK:
                return self.is_live(alarm, about)
            case Alarm.ASK | Alarm.WAKE:
                return True
        return int(about) in self._fates.entries

    def ring(self, now_ns: int) -> None:
        """Hear every alarm that is due."""
        self._fates.alarms.tidy(self._has_subject)
        while (due_ns := self.next_due()) is not None and due_ns <= now_ns:
            first = self._fates.alarms.first
            assert first is not None  # `next_due` has just named it
            self._fates.alarms.drop()
            self._hear(first[1], first[2], now_ns)

    def _hear(self, alarm: Alarm, about: int | str, now_ns: int) -> None:
        match alarm:
            case Alarm.SILENCE:
                self._on_silence(str(about), now_ns)
            case Alarm.LOOK:
                self._on_look(int(about))
            case Alarm.QUEUE | Alarm.AGE | Alarm.SHOW | Alarm.EXPIRY:
                self._on_entry(alarm, self._fates.entries[int(about)], now_ns)
            case Alarm.ASK | Alarm.WAKE:
                pass  # whoever plans looks

    def _on_silence(self, frame_id: str, now_ns: int) -> None:
        """An answer did not come; a connection that answered nothing since is replaced."""
        flight = self._fates.flight
        frame = flight.frame(frame_id)
        if frame is None or now_ns < frame.deadline_ns:
            return
        waited_ms = (now_ns - frame.sent_ns) // 1_000_000
        self._answers.silence(frame, f"no reply within {waited_ms} ms", now_ns)
        if flight.is_dumb(frame):
            flight.replace()
            self._fates.work.append(w.Replace(frame.connection))

    def _on_look(self, nonce: int) -> None:
        evidence, inquiry = self._fates.evidence, self._fates.inquiry
        hashes = tuple(dict.fromkeys(x.copy.tx_hash for x in evidence.undead(nonce)))
        if not hashes:
            inquiry.end_look(nonce)
            return
        count = inquiry.begin_look(nonce)
        if count is not None:
            self._fates.work.append(w.LookUp(nonce, hashes, by_nonce=count > 0))

    def _on_entry(self, alarm: Alarm, entry: Entry, now_ns: int) -> None:
        fates = self._fates
        if alarm is Alarm.QUEUE:
            entry.reason = self._obstacle()
            fates.give(entry, Input.TOO_OLD, now_ns)
        elif alarm is Alarm.AGE:
            entry.is_old = True
            if self._answers.trouble:
                entry.reason = entry.reason or self._obstacle()
            if entry.state is not TxState.BOUND:
                fates.give(entry, Input.TOO_OLD, now_ns)
        elif alarm is Alarm.SHOW:
            self._on_unshown(entry, now_ns)
        else:
            fates.inquiry.want_counter(now_ns)
            fates.alarms.set(now_ns + LOOK_AGAIN_NS, Alarm.EXPIRY, entry.place)

    def _on_unshown(self, entry: Entry, now_ns: int) -> None:
        """Accepted, and nothing has shown it: look it up, and weigh the counter in time."""
        for nonce in {write.nonce for write in entry.undead}:
            self._fates.inquiry.look(nonce, now_ns)
        weigh_ns = entry.suspect_ns + self._fates.settings.settle_ns
        if now_ns < weigh_ns:
            self._fates.alarms.set(weigh_ns, Alarm.SHOW, entry.place)
        else:
            self._fates.inquiry.want_counter(now_ns)
            self._fates.alarms.set(now_ns + LOOK_AGAIN_NS, Alarm.SHOW, entry.place)

    def _obstacle(self) -> str:
        """Return what keeps those who wait, for people."""
        fates = self._fates
        waited = f"waited {fates.settings.queue_timeout_ns // 1_000_000} ms for its turn"
        if self._answers.trouble:
            return f"{waited}, and the venue refuses the account ({self._answers.trouble})"
        if fates.flight.connection is None:
            why = f" ({fates.flight.trouble})" if fates.flight.trouble else ""
            return f"{waited}, and the stream was not connected{why}"
        if fates.lane.state is not LaneState.OPEN:
            return f"{waited}, and the nonce lane was {fates.lane.state.value}"
        if fates.lane.free_slots() < 1:
            return f"{waited}, and as many transactions as allowed were in flight"
        return f"{waited}, and the rate limit was reached or what stood before it was not ready"

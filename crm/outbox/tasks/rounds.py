"""The sending engine: while one half of the letters that may be on their way leaves, the other half is accounted for.

At any moment at most connections x depth letters are marked as being sent, and a letter is marked, and that is
committed, before its first byte leaves. The ends of one round and the beginning of the next are one transaction.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from crm.core import clock
from crm.core.db import session
from crm.core.lines import Flight, Lines, Rests
from crm.core.smtp import Answer, Fate, Parcel
from crm.core.stopping import asked_to_stop
from crm.outbox import actions
from crm.outbox.actions.claiming import Taken
from crm.outbox.queries.parcels import parcels
from crm.outbox.queries.ways import Way, way_of

log = structlog.get_logger(__name__)
LEAST_CLAIM = 25
QUICK, SLOW = 0.3, 1.0
"""Seconds in which a round should leave: what is asked for meanwhile waits no longer than that."""
LOOK_SECONDS = 1.0
"""How long it looks on in one transaction past letters that may not leave yet."""
ROUND_SECONDS = 60.0
"""A round that has not begun all its letters by then gives the rest back: well within the lease."""
PATIENCE = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0)
"""Pauses after which a database that went away is asked again: ends that are known must be written down."""

rests = Rests()
Ready = tuple[Taken, Parcel]
Ends = list[tuple[Taken, Answer]]


@dataclass(frozen=True, slots=True)
class Round:
    """Letters on their way."""

    letters: list[Taken]
    flight: Flight

    def land(self) -> Ends:
        return list(zip(self.letters, self.flight.land(), strict=True))


class Rounds:
    """One run over all that is due one way. Use it as a context manager: at its end nothing is on its way any more."""

    def __init__(self, way: Way, connections: int, depth: int, *, asked_only: bool = False) -> None:
        self._way = way
        self._asked_only = asked_only
        self._at_once = 1 if connections * depth < 2 else 2
        self._most = connections * depth // self._at_once
        self._claim = min(LEAST_CLAIM, self._most)
        self._claimed = monotonic()
        self._due = True
        self._flying: deque[Round] = deque()
        self._lines = Lines(way.url, connections)
        self._said: str | None = None
        self._over = rests.left(way.url) > 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        self._lines.close()

    def run(self) -> int:
        """Returns how many letters the servers took."""
        sent = 0
        while True:
            ends = self._land()
            begun = self._patiently(ends)
            sent += sum(answer.fate is Fate.ACCEPTED for _letter, answer in ends)
            if begun:
                self._launch(begun)
            elif not self._flying:
                return sent

    # ------------------------------------------------------------ on the wire

    def _land(self) -> Ends:
        """The ends of the oldest round, once there is no place for another."""
        idle = self._over or asked_to_stop.is_set() or not self._due
        if not self._flying or (len(self._flying) < self._at_once and not idle):
            return []
        ends = self._flying.popleft().land()
        self._note([answer for _letter, answer in ends])
        return ends

    def _note(self, answers: Sequence[Answer]) -> None:
        """A server that is away rests, and this run ends."""
        said = next((answer.text for answer in answers if answer.fate is Fate.KEPT and answer.text), None)
        if said is None:
            rests.there(self._way.url)
        elif not self._over:
            self._over, self._said = True, said
            log.warning("mail_server_away", error=said, again_in_seconds=rests.away(self._way.url))

    def _launch(self, ready: Sequence[Ready]) -> None:
        end = monotonic() + ROUND_SECONDS
        flight = self._lines.send([parcel for _letter, parcel in ready], lambda: self._enough(end))
        self._flying.append(Round([letter for letter, _parcel in ready], flight))

    def _enough(self, end: float) -> bool:
        return self._over or asked_to_stop.is_set() or monotonic() > end

    # ------------------------------------------------------------ in the books

    def _patiently(self, ends: Ends) -> list[Ready]:
        """One transaction; again while the database is away, as what is written twice is written once."""
        for pause in PATIENCE:
            try:
                return self._write(ends, clock.now())
            except (OperationalError, InterfaceError) as error:
                session().rollback()
                log.warning("database_away", error=str(error.orig), again_in_seconds=pause)
                asked_to_stop.wait(pause)
        return self._write(ends, clock.now())

    def _write(self, ends: Ends, at: datetime) -> list[Ready]:
        """What has ended, and what leaves next."""
        if ends:
            actions.end(ends, at)
            actions.note_server(self._way, self._said, at)
        begun = [] if self._over or asked_to_stop.is_set() else self._take(at)
        session().commit()
        self._due = bool(begun)
        return begun

    def _take(self, at: datetime) -> list[Ready]:
        """Marks what leaves next. As many as leave in half a second or so."""
        took, self._claimed = monotonic() - self._claimed, monotonic()
        if took < QUICK:
            self._claim = min(self._claim * 2, self._most)
        elif took > SLOW:
            self._claim = max(self._claim // 2, min(LEAST_CLAIM, self._most))
        way = way_of(self._way.sender_id)
        if way is None or way.url != self._way.url:  # stopped, or reached otherwise now: the next run knows
            return []
        self._way = way
        while True:
            asked_only = self._asked_only or not actions.has_room(way, at)
            taken = actions.take_due(at, self._claim, way.sender_id, asked_only=asked_only)
            ready = self._made_ready(taken, at)
            if ready or not taken or self._enough(self._claimed + LOOK_SECONDS):
                return ready

    def _made_ready(self, taken: Sequence[Taken], at: datetime) -> list[Ready]:
        """Those of them that leave now; the others have ended, or are due when they may leave."""
        welcome = actions.within_limits(self._way, actions.still_welcome(taken, at), at) if taken else []
        made = parcels(welcome, at)
        actions.give_up([letter for letter in welcome if letter.id not in made], at)
        return [(letter, made[letter.id]) for letter in welcome if letter.id in made]

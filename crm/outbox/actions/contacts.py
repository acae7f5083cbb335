"""Contact rows: a person's touches folded into one row as they come in, and derived anew from all of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from sqlalchemy import Executable, Select, Table, and_, bindparam, case, delete, func, insert, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from crm.core.bulk import among, among_those, chunks, load, these
from crm.core.db import UtcDateTime, engine_name, is_postgres, session
from crm.outbox.models import Contact, Letter, Touch
from crm.outbox.rules import Direction, Outcome, asks_for_answer, closes, is_from_us
from crm.people.models import Person

TABLE: Table = Contact.__table__  # type: ignore[assignment]  # a declarative class's table is a Table
COLUMNS = (
    "person_id",
    "first_sent_at",
    "first_channel",
    "first_origin_id",
    "last_out_at",
    "last_in_at",
    "last_touch_at",
    "closed_at",
    "waiting_since",
)
CHUNK = 5000


class Told(Protocol):
    """What a contact row wants to know of a touch."""

    @property
    def person_id(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def direction(self) -> Direction: ...
    @property
    def channel(self) -> str: ...
    @property
    def outcome(self) -> Outcome: ...
    @property
    def letter_id(self) -> int | None: ...
    @property
    def origin_id(self) -> int | None: ...
    @property
    def staff_id(self) -> int | None: ...


class Folded:
    """A contact row while touches are folded into it. Of touches of one moment, what was recorded later came later."""

    __slots__ = ("began", "row", "unsure")

    def __init__(self, row: Sequence[Any]) -> None:
        self.row: list[Any] = list(row)
        self.began = False
        self.unsure = False

    def _latest(self, position: int, at: datetime) -> None:
        if self.row[position] is None or self.row[position] < at:
            self.row[position] = at

    def add(self, touch: Told) -> None:
        row, at = self.row, touch.at
        self._latest(6, at)
        if touch.direction is Direction.IN:
            self._latest(5, at)
        if is_from_us(touch.direction, touch.outcome):
            self._latest(4, at)
            if row[1] is None or at < row[1]:
                row[1:4] = [at, touch.channel, touch.origin_id]
                self.began = True
        by_a_person = touch.staff_id is not None or touch.letter_id is None
        if closes(touch.direction, touch.outcome, by_a_person=by_a_person):
            self._latest(7, at)
            if row[8] is not None and row[8] <= at:
                self.unsure = self.unsure or row[5] > at
                row[8] = None
        elif asks_for_answer(touch.direction, touch.outcome) and (row[7] is None or at >= row[7]):
            row[8] = at if row[8] is None else min(row[8], at)


def lock_people(ids: Sequence[int]) -> None:
    """Two writers of one person's touches go one after the other, in key order. SQLite has one writer anyway."""
    if is_postgres():
        locked = select(Person.id).where(among(Person.id, ids)).order_by(Person.id).with_for_update(key_share=True)
        session().execute(select(func.count()).select_from(locked.subquery()))


def fold(touches: Sequence[Told]) -> list[int]:
    """Folds touches, already written, into the rows of their people; returns whom we had not written to so early."""
    began: list[int] = []
    by_person: dict[int, list[Told]] = {}
    for touch in sorted(touches, key=lambda touch: touch.at):
        by_person.setdefault(touch.person_id, []).append(touch)
    for ids in chunks(sorted(by_person), CHUNK):
        lock_people(ids)
        rows = session().execute(select(*(TABLE.c[name] for name in COLUMNS)).where(among(TABLE.c.person_id, ids)))
        known = {row[0]: Folded(row) for row in rows}
        folded = {i: known.get(i) or Folded([i, *([None] * 8)]) for i in ids}
        for person_id, contact in folded.items():
            for touch in by_person[person_id]:
                contact.add(touch)
        if known:
            session().execute(delete(TABLE).where(among(TABLE.c.person_id, list(known))))
        load(TABLE, COLUMNS, (contact.row for contact in folded.values()))
        derive([i for i, contact in folded.items() if contact.unsure])
        began += [i for i, contact in folded.items() if contact.began]
    return began


def fold_left(letters: Sequence[tuple[int, int]], at: datetime) -> list[int]:
    """The same for letters, (number, person) each, that have left by themselves at this moment: they only move the
    last moments on, and the first one back, so the database folds them by itself.
    """
    firsts: dict[int, int] = {}
    for number, person_id in sorted(letters):
        firsts.setdefault(person_id, number)
    rows = session().execute(_folding(engine_name()), {"those": these(firsts.values()), "now": at})
    return [person_id for person_id, began in rows.all() if began]


@cache
def _folding(_engine: str) -> Executable:
    letter, person = Letter.__table__.c, Person.__table__
    moment = bindparam("now", type_=UtcDateTime())
    told = (
        select(letter.person_id, moment, letter.identity_kind, letter.origin_id, moment, moment)
        .join(person, person.c.id == letter.person_id)
        .where(among_those(letter.id, "those"))
        .order_by(person.c.id)
        .with_for_update(of=person, key_share=True)  # as lock_people does
    )
    upsert = postgresql.insert if is_postgres() else sqlite.insert
    names = ["person_id", "first_sent_at", "first_channel", "first_origin_id", "last_out_at", "last_touch_at"]
    statement = upsert(TABLE).from_select(names, told)
    old, new = TABLE.c, statement.excluded
    earlier = or_(old.first_sent_at.is_(None), new.first_sent_at < old.first_sent_at)
    first = {name: case((earlier, new[name]), else_=old[name]) for name in COLUMNS[1:4]}
    last = {
        name: case((or_(old[name].is_(None), old[name] < new[name]), new[name]), else_=old[name])
        for name in ("last_out_at", "last_touch_at")
    }
    upserted = statement.on_conflict_do_update(index_elements=["person_id"], set_=first | last)
    return upserted.returning(old.person_id, old.first_sent_at == moment)


def _derived(ids: Sequence[int] | None) -> Select[*tuple[Any, ...]]:
    """The contact rows as all touches give them, in one statement."""
    sent = and_(Touch.direction == Direction.OUT, Touch.outcome == Outcome.SENT)
    answered = and_(sent, or_(Touch.staff_id.is_not(None), Touch.letter_id.is_(None)))
    closing = or_(Touch.outcome == Outcome.REFUSED, answered)
    asking = and_(Touch.direction == Direction.IN, Touch.outcome == Outcome.REPLIED)
    of_these = [] if ids is None else [among(Touch.person_id, ids)]
    turn = func.row_number().over(partition_by=Touch.person_id, order_by=(Touch.at, Touch.id)).label("turn")
    firsts = select(Touch.person_id, Touch.at, Touch.channel, Touch.origin_id, turn).where(sent, *of_these).subquery()
    last = func.row_number().over(partition_by=Touch.person_id, order_by=(Touch.at.desc(), Touch.id.desc()))
    closings = select(Touch.person_id, Touch.at, Touch.id, last.label("turn")).where(closing, *of_these).subquery()
    closed = select(closings).where(closings.c.turn == 1).subquery()
    after = or_(closed.c.at.is_(None), Touch.at > closed.c.at, and_(Touch.at == closed.c.at, Touch.id > closed.c.id))
    still = and_(asking, after)
    return (
        select(
            Touch.person_id,
            func.max(firsts.c.at),
            func.max(firsts.c.channel),
            func.max(firsts.c.origin_id),
            func.max(case((sent, Touch.at))),
            func.max(case((Touch.direction == Direction.IN, Touch.at))),
            func.max(Touch.at),
            func.max(closed.c.at),
            func.min(case((still, Touch.at))),
        )
        .select_from(Touch)
        .outerjoin(firsts, and_(firsts.c.person_id == Touch.person_id, firsts.c.turn == 1))
        .outerjoin(closed, closed.c.person_id == Touch.person_id)
        .where(*of_these)
        .group_by(Touch.person_id)
    )


def derive(ids: Sequence[int] | None) -> None:
    """Writes the rows of these people (None: of everybody) anew from all their touches."""
    if ids is None:
        session().execute(delete(TABLE))
        session().execute(insert(TABLE).from_select(COLUMNS, _derived(None)))
        return
    for chunk in chunks(ids, CHUNK):
        session().execute(delete(TABLE).where(among(TABLE.c.person_id, chunk)))
        session().execute(insert(TABLE).from_select(COLUMNS, _derived(chunk)))

"""Who holds what in a queue, what was done today, and what can still be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from crm.core.db import session
from crm.outbox.models import HandRecord, Letter, Sender, Wording, WritingAs
from crm.outbox.queries.letters import in_queue
from crm.outbox.rules import SKIPS, UNDO_WITHIN, WRITTEN, LetterState
from crm.people.models import Note, Person, Source


def holders(origin_id: int, at: datetime) -> Sequence[Row[*tuple[Any, ...]]]:
    """letter_id, person_id, name, staff_id, staff, lease_until, account: whoever has a person on the screen."""
    by = aliased(Person)
    query = (
        select(
            Letter.id.label("letter_id"),
            Letter.person_id,
            Person.name,
            by.id.label("staff_id"),
            by.name.label("staff"),
            Letter.lease_until,
            Sender.name.label("account"),
        )
        .join(Person, Person.id == Letter.person_id)
        .join(by, by.id == Letter.held_by_id)
        .outerjoin(WritingAs, and_(WritingAs.staff_id == Letter.held_by_id, WritingAs.origin_id == Letter.origin_id))
        .outerjoin(Sender, Sender.id == WritingAs.sender_id)
        .where(*in_queue(origin_id, at), Letter.held_by_id.is_not(None), Letter.lease_until > at)
    )
    return session().execute(query.order_by(Letter.lease_until).limit(200)).all()


def on_other_screen(person_id: InstrumentedAttribute[int] | int, staff_id: int, at: datetime) -> ColumnElement[bool]:
    """Whether somebody else has this person on the screen, by whichever queue."""
    held = aliased(Letter)
    return exists().where(
        held.person_id == person_id,
        held.held_by_id.is_not(None),
        held.held_by_id != staff_id,
        held.state == LetterState.QUEUED,
        held.lease_until >= at,
    )


def done_since(start: datetime, staff_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """account (None: without one), mine, everybody's: people written to, by the account they were written from."""
    mine = func.sum(case((HandRecord.staff_id == staff_id, 1), else_=0)).label("mine")
    query = (
        select(Sender.name.label("account"), mine, func.count().label("all"))
        .outerjoin(Sender, Sender.id == HandRecord.sender_id)
        .where(HandRecord.recorded_at >= start, HandRecord.undone_at.is_(None), HandRecord.outcome.in_(WRITTEN))
        .group_by(Sender.name)
        .order_by(Sender.name)
    )
    return session().execute(query).all()


def can_be_undone(staff_id: int, origin_id: int, now: datetime) -> Row[*tuple[Any, ...]] | None:
    """The last thing this person recorded in a queue, while it can be taken back: HandRecord, name."""
    query = (
        select(HandRecord, Person.name)
        .join(Letter, Letter.id == HandRecord.letter_id)
        .join(Person, Person.id == HandRecord.person_id)
        .where(HandRecord.staff_id == staff_id, HandRecord.recorded_at >= now - UNDO_WITHIN)
        .where(HandRecord.undone_at.is_(None), Letter.origin_id == origin_id)
    )
    return session().execute(query.order_by(HandRecord.recorded_at.desc(), HandRecord.id.desc()).limit(1)).first()


def remarks(person_id: int, letter_id: int, limit: int = 5) -> Sequence[Row[*tuple[Any, ...]]]:
    """outcome (None: a note), text, staff, at: notes on a person, and why this letter was put off; the newest first."""
    notes = select(null().label("outcome"), Note.body.label("text"), Note.author_id.label("by"), Note.at.label("at"))
    skips = select(
        cast(HandRecord.outcome, String), HandRecord.text, HandRecord.staff_id, HandRecord.recorded_at
    ).where(HandRecord.letter_id == letter_id, HandRecord.undone_at.is_(None), HandRecord.outcome.in_(SKIPS))
    both = union_all(notes.where(Note.person_id == person_id), skips).subquery()
    query = select(both.c.outcome, both.c.text, Person.name.label("staff"), both.c.at).outerjoin(
        Person, Person.id == both.c.by
    )
    return session().execute(query.order_by(both.c.at.desc()).limit(limit)).all()


def on_screen(staff_id: int, origin_id: int, at: datetime) -> Row[*tuple[Any, ...]] | None:
    """Letter, Person, Wording, site, board: whom this person has on the screen, and where we found them first."""
    first = select(Source).where(Source.person_id == Letter.person_id).order_by(Source.found_at, Source.id).limit(1)
    site, board = (first.with_only_columns(column).scalar_subquery() for column in (Source.site, Source.board))
    query = (
        select(Letter, Person, Wording, site.label("site"), board.label("board"))
        .join(Person, Person.id == Letter.person_id)
        .join(Wording, Wording.id == Letter.wording_id)
        .where(*in_queue(origin_id, at), Letter.held_by_id == staff_id, Letter.lease_until > at)
    )
    return session().execute(query.order_by(Letter.id).limit(1)).first()


def _as(staff_id: int, origin_id: int) -> Select[int]:
    return select(WritingAs.sender_id).where(WritingAs.staff_id == staff_id, WritingAs.origin_id == origin_id)


def account_of(staff_id: int, origin_id: int) -> int | None:
    """As which account somebody works a queue."""
    return session().scalars(_as(staff_id, origin_id)).first()


def account_as_column(staff_id: int, origin_id: int) -> ScalarSelect[int]:
    """The same beside the rows of another question."""
    return _as(staff_id, origin_id).scalar_subquery()

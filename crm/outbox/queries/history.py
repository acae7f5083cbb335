"""A person's letters and touches as lines of their timeline."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from crm.core.db import session
from crm.outbox.models import Letter, Touch, Wording
from crm.outbox.queries.rendering import said_subject
from crm.outbox.rules import LetterState
from crm.people.models import Person


def touches_of(person_id: int, before: datetime | None, limit: int) -> list[tuple[Touch, str | None, str | None]]:
    """(touch, name of the staff who recorded it, subject of its letter), the newest first."""
    staff = aliased(Person)
    query = (
        select(Touch, staff.name, Wording.subject, Letter.values)
        .outerjoin(staff, staff.id == Touch.staff_id)
        .outerjoin(Letter, Letter.id == Touch.letter_id)
        .outerjoin(Wording, Wording.id == Letter.wording_id)
        .where(Touch.person_id == person_id)
        .order_by(Touch.at.desc(), Touch.id.desc())
        .limit(limit)
    )
    rows = session().execute(query if before is None else query.where(Touch.at < before))
    return [(row[0], row[1], row[2] and said_subject(row[2], row[3])) for row in rows]


def letters_without_touch(person_id: int, before: datetime | None, limit: int) -> list[tuple[Letter, datetime, str]]:
    """(letter, when it came to stand so, subject): those that have not left, or not well."""
    at = func.coalesce(Letter.ended_at, Letter.queued_at)
    query = (
        select(Letter, Letter.ended_at, Letter.queued_at, Wording.subject)
        .join(Wording, Wording.id == Letter.wording_id)
        .where(Letter.person_id == person_id, Letter.state != LetterState.SENT)
        .order_by(at.desc(), Letter.id.desc())
        .limit(limit)
    )
    rows = session().execute(query if before is None else query.where(at < before))
    return [(row[0], row[1] or row[2], said_subject(row[3], row[0].values)) for row in rows]

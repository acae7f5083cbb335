"""What this room adds to a person's timeline: where they were found, notes, merges."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from crm.core.db import session
from crm.core.offers import Event
from crm.people.models import Merge, Note, Person, Source
from crm.people.offers.conditions import ROLES


def _before(query: Any, column: InstrumentedAttribute[datetime], before: datetime | None, limit: int) -> list[Any]:
    if before is not None:
        query = query.where(column < before)
    return list(session().execute(query.order_by(column.desc()).limit(limit)))


def _found(source: Source, finder: str | None) -> Event:
    place = f"{source.site} · {source.board}" if source.board else source.site
    if source.role is not None:
        text = gettext("Found on %(place)s, %(role)s there", place=place, role=str(ROLES[source.role]))
    else:
        text = gettext("Found on %(place)s", place=place)
    return Event(source.found_at, "source", text, detail=source.basis, by=finder or "")


def timeline(person_id: int, before: datetime | None, limit: int) -> list[Event]:
    """At most `limit` of each sort, newest first."""
    sources = select(Source, Person.name).outerjoin(Person, Person.id == Source.found_by_id)
    events = [
        _found(*row) for row in _before(sources.where(Source.person_id == person_id), Source.found_at, before, limit)
    ]
    notes = select(Note, Person.name).outerjoin(Person, Person.id == Note.author_id)
    for note, author in _before(notes.where(Note.person_id == person_id), Note.at, before, limit):
        events.append(Event(note.at, "note", gettext("Note"), detail=note.body, by=author or ""))
    merges = select(Merge, Person.name).outerjoin(Person, Person.id == Merge.by_id)
    merges = merges.where(Merge.keep_id == person_id, Merge.undone_at.is_(None))
    for merge, author in _before(merges, Merge.at, before, limit):
        text = gettext("Person %(id)s was merged into this one", id=merge.lose_id)
        events.append(Event(merge.at, "merge", text, by=author or ""))
    return sorted(events, key=lambda event: event.at, reverse=True)[:limit]

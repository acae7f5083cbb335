"""Whom something has touched since an import made them: they stay when it is undone."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import or_, select

from crm.core.db import session
from crm.core.journal import JournalEntry
from crm.core.offers import RoomOffers, offers
from crm.people.models import (
    ImportedPerson,
    Merge,
    Note,
    Person,
    PersonTag,
    Source,
    Tag,
)
from crm.people.queries import listed

ROOM = "people"


def touched_people(person_ids: Collection[int], import_id: int) -> set[int]:
    """Of these people, made by this import, those of whom any room knows more than the import said."""
    found = _touched_here(person_ids, import_id)
    for room in offers():
        if room.room != ROOM:
            found |= _touched_there(room, person_ids)
    return found


def _touched_there(room: RoomOffers, person_ids: Collection[int]) -> set[int]:
    """A room says so itself, or any row of its tables does."""
    if room.touched is not None:
        return set(room.touched(person_ids))
    found: set[int] = set()
    for own in room.owned:
        found.update(session().scalars(select(own.of).where(own.of.in_(person_ids)).distinct()))
    return found


def _touched_here(ids: Collection[int], import_id: int) -> set[int]:
    queries = (
        select(Person.id).where(Person.id.in_(ids))
        .where(or_(Person.owner_id.is_not(None), Person.is_staff, ~listed())),
        select(Source.person_id).where(Source.person_id.in_(ids), Source.import_id.is_distinct_from(import_id)),
        select(Source.recruiter_id).where(Source.recruiter_id.in_(ids)),
        select(Note.person_id).where(Note.person_id.in_(ids), Note.import_id.is_distinct_from(import_id)),
        select(ImportedPerson.person_id)
        .where(ImportedPerson.person_id.in_(ids), ImportedPerson.import_id != import_id),
        select(Merge.keep_id).where(Merge.keep_id.in_(ids)),
        select(Merge.lose_id).where(Merge.lose_id.in_(ids)),
        select(JournalEntry.about_id).where(JournalEntry.about_id.in_(ids)),
    )  # fmt: skip
    found: set[int] = set()
    for query in queries:
        found.update(session().scalars(query))
    return found | _tagged_by_hand(ids, import_id)


def _tagged_by_hand(ids: Collection[int], import_id: int) -> set[int]:
    worn = session().execute(
        select(PersonTag.person_id, Tag.name, ImportedPerson.added)
        .join(Tag, Tag.id == PersonTag.tag_id)
        .join(ImportedPerson, ImportedPerson.person_id == PersonTag.person_id)
        .where(PersonTag.person_id.in_(ids), ImportedPerson.import_id == import_id)
    )
    return {row[0] for row in worn if row[1] not in (row[2] or {}).get("tags", ())}

"""What staff put on people: tags, owners, notes. Set-wise, and without effect the second time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import cast

from flask_babel import gettext
from sqlalchemy import Table, delete, select, update

from crm.core import journal
from crm.core.bulk import chunks, insert_or_pass
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.people.identities import CONTROL
from crm.people.models import Note, Person, PersonTag, Tag
from crm.people.queries import MANY, listed, person_or_404

LONGEST_TAG = 60


def tag_ids(names: Collection[str]) -> dict[str, int]:
    """The ids of tags, made where there are none yet. Raises NotUnderstood for a name that is none."""
    for name in names:
        if not name.strip() or len(name) > LONGEST_TAG or CONTROL(name):
            raise NotUnderstood(gettext("A tag is a word or two, at most %(most)s characters.", most=LONGEST_TAG))
    if not names:
        return {}
    insert_or_pass(cast(Table, Tag.__table__), [{"name": name} for name in sorted(set(names))])
    return {row[0]: row[1] for row in session().execute(select(Tag.name, Tag.id).where(Tag.name.in_(names)))}


def _existing(person_ids: Collection[int]) -> list[int]:
    found: list[int] = []
    for some in chunks(sorted(set(person_ids)), MANY):
        found.extend(session().scalars(select(Person.id).where(listed(), Person.id.in_(some)).order_by(Person.id)))
    return found


def tag(person_ids: Collection[int], name: str) -> int:
    """Puts a tag on people; returns how many had not worn it."""
    name = name.strip()
    tag_id = tag_ids([name])[name]
    rows = [{"person_id": person_id, "tag_id": tag_id} for person_id in _existing(person_ids)]
    return insert_or_pass(cast(Table, PersonTag.__table__), rows)


def untag(person_ids: Collection[int], name: str) -> int:
    """Takes a tag off people; returns how many wore it. A tag that nobody wears any more is gone."""
    tag_id = session().scalar(select(Tag.id).where(Tag.name == name.strip()))
    taken = 0
    for some in chunks(sorted(set(person_ids)), MANY):
        gone = session().execute(
            delete(PersonTag)
            .where(PersonTag.tag_id == tag_id, PersonTag.person_id.in_(some))
            .returning(PersonTag.person_id)
        )
        taken += len(gone.all())
    session().execute(delete(Tag).where(Tag.id == tag_id, ~Tag.id.in_(select(PersonTag.tag_id))))
    return taken


def assign(person_ids: Collection[int], owner_id: int | None) -> int:
    """Makes a member of staff the owner of people (None: nobody); returns how many changed hands."""
    if owner_id is not None and not person_or_404(owner_id).is_staff:
        raise NotUnderstood(gettext("Only staff can own people."))
    changed = 0
    for some in chunks(sorted(set(person_ids)), MANY):
        moved = session().execute(
            update(Person)
            .where(listed(), Person.id.in_(some), Person.owner_id.is_distinct_from(owner_id))
            .values(owner_id=owner_id)
            .returning(Person.id)
            .execution_options(synchronize_session=False)
        )
        changed += len(moved.all())
    return changed


def add_note(person_id: int, body: str, *, at: datetime, author_id: int | None = None) -> Note:
    """Raises NotUnderstood for an empty note."""
    if not body.strip():
        raise NotUnderstood(gettext("Write what you want to note."))
    note = Note(person_id=person_or_404(person_id).id, author_id=author_id, body=body.strip(), at=at)
    session().add(note)
    session().flush()
    if author_id is not None:
        journal.record("people.add_note", f"person:{person_id}", at=at, about_id=person_id)
    return note


def remove_note(person_id: int, note_id: int, *, at: datetime) -> None:
    """Without effect when it is gone already."""
    gone = session().execute(
        delete(Note).where(Note.id == note_id, Note.person_id == person_id).returning(Note.body, Note.author_id)
    )
    note = gone.first()
    if note is not None:
        before = {"note": note.body, "author_id": note.author_id}
        journal.record("people.remove_note", f"person:{person_id}", at=at, about_id=person_id, before=before)

"""Who changed what, when, before and after. Written in the same transaction as the change."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from flask import g, has_request_context
from sqlalchemy import Index, Text, cast, insert, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Key, Numbered, is_postgres, session


class JournalEntry(Numbered):
    """`subject` is `table:id`. `about_id` is the person whose data it may hold: forgetting them empties it."""

    __tablename__ = "journal"
    __table_args__ = (Index("ix_journal_subject", "subject", "id"),)

    at: Mapped[datetime] = mapped_column(index=True)
    actor_id: Mapped[int | None] = mapped_column(Key, index=True)
    actor_name: Mapped[str] = mapped_column(default="")
    action: Mapped[str]
    subject: Mapped[str]
    about_id: Mapped[int | None] = mapped_column(Key, index=True)
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    request_id: Mapped[str | None]


def record(
    action: str,
    subject: str,
    *,
    at: datetime,
    about_id: int | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Adds an entry. The actor is the viewer of this request, or for whom `acting` says; none means the schedule or the
    command line."""
    session().add(
        JournalEntry(at=at, action=action, subject=subject, about_id=about_id, before=before, after=after, **_by_whom())
    )


def record_each(
    action: str, before: Mapping[int, dict[str, Any] | None], *, at: datetime, after: dict[str, Any] | None = None
) -> None:
    """What was done to many people at once: one entry for each, by which they are found, with what was `before`."""
    shared = {"at": at, "action": action, "after": after, **_by_whom()}
    rows = [
        {"subject": f"person:{number}", "about_id": number, "before": was, **shared} for number, was in before.items()
    ]
    if rows:
        session().execute(insert(JournalEntry), rows)


@contextmanager
def acting(person_id: int, name: str) -> Iterator[None]:
    """What is recorded meanwhile, outside of a request, was done by this person."""
    before = _actor.set((person_id, name))
    try:
        yield
    finally:
        _actor.reset(before)


_actor: ContextVar[tuple[int | None, str]] = ContextVar("actor", default=(None, ""))


def _by_whom() -> dict[str, Any]:
    viewer = g.get("viewer") if has_request_context() else None
    person_id, name = (viewer.person_id, viewer.name) if viewer else _actor.get()
    return {
        "actor_id": person_id,
        "actor_name": name,
        "request_id": g.get("request_id") if has_request_context() else None,
    }


def forget(
    person_ids: Collection[int], own: Collection[str], once_one: Collection[int], names: Collection[str]
) -> None:
    """Empties what is told of these people, and what tells of them beside others.

    `own` are words that are nobody else's, such as addresses: an entry that holds one is emptied, whomever it is about.
    `names` are others' too: they count in what is told of people with whom these were `once_one`.
    """
    gone = update(JournalEntry).where(JournalEntry.about_id.in_(person_ids))
    session().execute(gone.values(before=None, after=None))
    session().execute(update(JournalEntry).where(JournalEntry.actor_id.in_(person_ids)).values(actor_name=""))
    theirs, shared = {_folded(word) for word in own}, {_folded(name) for name in names}
    may_tell = [JournalEntry.about_id.in_(once_one), *(_holds(word) for word in sorted(theirs))]
    rows = session().execute(
        select(JournalEntry.id, JournalEntry.about_id, JournalEntry.before, JournalEntry.after).where(or_(*may_tell))
    )
    found = [
        number
        for number, about_id, before, after in rows
        if not (theirs | (shared if about_id in once_one else set())).isdisjoint(_words([before, after]))
    ]
    session().execute(update(JournalEntry).where(JournalEntry.id.in_(found)).values(before=None, after=None))


def _holds(word: str) -> Any:
    """Perhaps: PostgreSQL keeps letters as they are, SQLite has JSON's escapes."""
    written = json.dumps(word, ensure_ascii=not is_postgres())[1:-1]
    return or_(
        *(
            cast(column, Text).icontains(written, autoescape=True)
            for column in (JournalEntry.before, JournalEntry.after)
        )
    )


def _folded(word: str) -> str:
    return word.strip().casefold()


def _words(value: Any) -> Iterator[str]:
    """Every text in it."""
    if isinstance(value, str):
        yield _folded(value)
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _words(part)

"""What the journal holds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from crm.core.db import session
from crm.core.journal import JournalEntry


def journal_query(actor_id: int | None, subject: str) -> Any:
    """`subject`: a table, or `table:id`."""
    query: Any = select(JournalEntry, JournalEntry.id)
    if actor_id is not None:
        query = query.where(JournalEntry.actor_id == actor_id)
    if ":" in subject:
        query = query.where(JournalEntry.subject == subject)
    elif subject:
        query = query.where(JournalEntry.subject.startswith(f"{subject}:", autoescape=True))
    return query


def journal_actors() -> list[tuple[int, str]]:
    """Everybody whom the journal names, by the last name they had."""
    rows = session().execute(
        select(JournalEntry.actor_id, func.max(JournalEntry.actor_name))
        .where(JournalEntry.actor_id.is_not(None))
        .group_by(JournalEntry.actor_id)
    )
    return sorted(((row[0], row[1]) for row in rows if row[0] is not None), key=lambda row: row[1])

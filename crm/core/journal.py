"""Who changed what, when, before and after. Written in the same transaction as the change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g, has_request_context
from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Key, Numbered, session


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
    """Adds an entry. The actor is the viewer of this request; none means the schedule or the command line."""
    viewer = g.get("viewer") if has_request_context() else None
    session().add(
        JournalEntry(
            at=at,
            actor_id=viewer.person_id if viewer else None,
            actor_name=viewer.name if viewer else "",
            action=action,
            subject=subject,
            about_id=about_id,
            before=before,
            after=after,
            request_id=g.get("request_id") if has_request_context() else None,
        )
    )

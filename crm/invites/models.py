"""Invite links: one for each person and campaign, short enough to be typed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Numbered


class Invite(Numbered):
    """`origin_id` is the campaign's origin; `variant` and `sender_id` say by which wording and from whom it came.

    `said_joined_at`: the person pressed "I have joined". It is a note; the stay comes from the room or from staff.
    """

    __tablename__ = "invite"
    __table_args__ = (
        UniqueConstraint("origin_id", "person_id"),
        Index("ix_invite_person", "person_id", "last_opened_at"),
        CheckConstraint("(opened = 0) = (first_opened_at IS NULL)", name="opened_has_moment"),
    )

    code: Mapped[str] = mapped_column(unique=True)
    origin_id: Mapped[int] = mapped_column(ForeignKey("origin.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    variant: Mapped[str] = mapped_column(default="")
    sender_id: Mapped[int | None] = mapped_column(ForeignKey("sender.id"))
    made_at: Mapped[datetime]
    first_opened_at: Mapped[datetime | None]
    last_opened_at: Mapped[datetime | None]
    opened: Mapped[int] = mapped_column(default=0)
    said_joined_at: Mapped[datetime | None]

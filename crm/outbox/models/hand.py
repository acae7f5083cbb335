"""The senders that letters leave by, and what is written by hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Model, Numbered, state_type
from crm.outbox.rules import HandEnd, SenderKind


class Sender(Numbered):
    """A mailbox, or a forum, QQ or WeChat account that we write from. No limit is None.

    Of an account, `channel` is the kind of identity it writes to, `level` the one it began with, and it may write once
    its seeding log holds `needs_posts` posts and has reached `needs_level`.
    """

    __tablename__ = "sender"

    kind: Mapped[SenderKind] = mapped_column(state_type(SenderKind))
    name: Mapped[str] = mapped_column(unique=True)
    address: Mapped[str] = mapped_column(default="")
    channel: Mapped[str] = mapped_column(default="mail")
    level: Mapped[int | None]
    per_day: Mapped[int | None]
    per_hour: Mapped[int | None]
    zone: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    needs_level: Mapped[int | None]
    needs_posts: Mapped[int | None]


class SenderDay(Model):
    """How many a sender has sent on a day of its zone: limits that a restart does not forget."""

    __tablename__ = "sender_day"

    sender_id: Mapped[int] = mapped_column(ForeignKey("sender.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True)
    sent: Mapped[int] = mapped_column(default=0)


class AccountUser(Model):
    """Who of the staff writes from an account; an account without any is everybody's."""

    __tablename__ = "account_user"

    sender_id: Mapped[int] = mapped_column(
        ForeignKey("sender.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )


class SeedingPost(Numbered):
    """One post of a forum account, on the way to the level at which it may write to people."""

    __tablename__ = "seeding_post"
    __table_args__ = (
        Index("ix_seeding_post_day", "sender_id", "posted_on", "id"),
        Index(
            "uq_seeding_post_link",
            "sender_id",
            "link",
            unique=True,
            sqlite_where=text("link != ''"),
            postgresql_where=text("link != ''"),
        ),
    )

    sender_id: Mapped[int] = mapped_column(ForeignKey("sender.id", ondelete="CASCADE"))
    posted_on: Mapped[date]
    forum: Mapped[str]
    link: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    level_after: Mapped[int | None]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)


class WritingAs(Model):
    """As which account somebody works a campaign's queue: what they hold counts against its day."""

    __tablename__ = "writing_as"

    staff_id: Mapped[int] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    origin_id: Mapped[int] = mapped_column(
        ForeignKey("origin.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    sender_id: Mapped[int] = mapped_column(ForeignKey("sender.id", ondelete="CASCADE"), index=True)


class HandRecord(Numbered):
    """What somebody recorded in a queue, with what it found (`before`), so that it can be taken back.

    `at` is the moment of its touches, `recorded_at` that of the clock, which time to take it back runs from.
    """

    __tablename__ = "hand_record"
    __table_args__ = (
        Index("ix_hand_record_staff", "staff_id", "recorded_at"),
        Index("ix_hand_record_recorded", "recorded_at", "sender_id", "staff_id"),
    )

    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    sender_id: Mapped[int | None] = mapped_column(ForeignKey("sender.id"))
    outcome: Mapped[HandEnd] = mapped_column(state_type(HandEnd))
    text: Mapped[str | None]
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    before: Mapped[dict[str, Any]]
    undone_at: Mapped[datetime | None]

"""Mailboxes that are read, what came in, when too much did, and what staff answered."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Model, Numbered, state_type
from crm.core.mailboxes import MailboxKind, Tls
from crm.inbound.rules import IncomingKind


class Mailbox(Numbered):
    """A mailbox that is read. `last_key` is the last message of IMAP whose row is here; POP3 looks into `incoming`.

    Mail from before `reads_from` is left alone. `fault` and `said`: why the last try failed.
    """

    __tablename__ = "mailbox"
    __table_args__ = (CheckConstraint("port BETWEEN 1 AND 65535", name="port"),)

    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[MailboxKind] = mapped_column(state_type(MailboxKind))
    host: Mapped[str]
    port: Mapped[int]
    tls: Mapped[Tls] = mapped_column(state_type(Tls))
    user: Mapped[str]
    sealed_password: Mapped[str]
    folder: Mapped[str] = mapped_column(default="INBOX")
    deletes: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    reads_from: Mapped[datetime]
    last_key: Mapped[str] = mapped_column(default="")
    lease_until: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    fault: Mapped[str | None]
    said: Mapped[str | None]
    created_at: Mapped[datetime]


class Incoming(Numbered):
    """One message or event that came in, once: by its place in its mailbox, and by what it is.

    `proved`: it names a letter of ours in a way that only its receiver knows. `text` is what they wrote, or what the
    server said of a bounce.
    """

    __tablename__ = "incoming"
    __table_args__ = (
        UniqueConstraint("mailbox_id", "key"),
        Index("ix_incoming_kind", "kind", "id"),
        Index("ix_incoming_person", "person_id", "id"),
        Index(
            "ix_incoming_letter",
            "letter_id",
            sqlite_where=text("letter_id IS NOT NULL"),
            postgresql_where=text("letter_id IS NOT NULL"),
        ),
    )

    mailbox_id: Mapped[int | None] = mapped_column(ForeignKey("mailbox.id", ondelete="SET NULL"))
    key: Mapped[str]
    fingerprint: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[IncomingKind] = mapped_column(state_type(IncomingKind))
    at: Mapped[datetime]
    read_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letter.id", ondelete="SET NULL"))
    proved: Mapped[bool] = mapped_column(default=False)
    from_address: Mapped[str] = mapped_column(default="")
    subject: Mapped[str] = mapped_column(default="")
    message_id: Mapped[str] = mapped_column(default="")
    thread: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="")
    text: Mapped[str] = mapped_column(default="")
    quoted: Mapped[str] = mapped_column(default="")
    whole: Mapped[bool] = mapped_column(default=True)


class MailAnswer(Model):
    """A letter that staff wrote to answer: when it has left, its touch is theirs."""

    __tablename__ = "mail_answer"
    __table_args__ = (
        Index(
            "ix_mail_answer_open", "letter_id", sqlite_where=text("NOT settled"), postgresql_where=text("NOT settled")
        ),
    )

    letter_id: Mapped[int] = mapped_column(
        ForeignKey("letter.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    incoming_id: Mapped[int | None] = mapped_column(ForeignKey("incoming.id", ondelete="SET NULL"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    settled: Mapped[bool] = mapped_column(default=False)


class Limits(Model):
    """When a soft bounce counts as a hard one, and when a campaign pauses itself; the secret of the mail provider."""

    __tablename__ = "inbound_limits"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    soft_bounces: Mapped[int] = mapped_column(default=5)
    soft_days: Mapped[int] = mapped_column(default=30)
    bounces_per_10_000: Mapped[int] = mapped_column(default=500)
    complaints_per_10_000: Mapped[int] = mapped_column(default=10)
    least_sent: Mapped[int] = mapped_column(default=100)
    sealed_hook_secret: Mapped[str | None]


class Alarm(Numbered):
    """A campaign paused itself: the figures of its letters then, which are not held against it a second time."""

    __tablename__ = "inbound_alarm"
    __table_args__ = (Index("ix_inbound_alarm_origin", "origin_id", "id"),)

    origin_id: Mapped[int] = mapped_column(ForeignKey("origin.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    sent: Mapped[int]
    bounced: Mapped[int]
    complaints: Mapped[int]

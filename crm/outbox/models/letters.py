"""Letters, the wordings they are written from, and the touches they make."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Model, Numbered, state_type
from crm.outbox.rules import Channel, Direction, Lane, LetterState, Outcome


class Wording(Numbered):
    """What letters say: frozen once a letter uses it. Placeholders are written as `{{ name }}`.

    `key` names the occasion's wording (`accounts.sign_in`, `campaign:7:1`); a letter stores wording and values only,
    its MIME is built when it leaves or is opened.
    """

    __tablename__ = "wording"
    __table_args__ = (UniqueConstraint("key", "language", "version"),)

    key: Mapped[str]
    language: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    subject: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[datetime]


class Letter(Numbered):
    """One message to one person on one occasion. `values` fills the wording; emptied when the person is forgotten."""

    __tablename__ = "letter"
    __table_args__ = (
        UniqueConstraint("person_id", "occasion"),
        Index(
            "ix_letter_due",
            "channel",
            "lane",
            "due_at",
            "id",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index(
            "ix_letter_leased",
            "lease_until",
            sqlite_where=text("state = 'sending'"),
            postgresql_where=text("state = 'sending'"),
        ),
        Index(
            "ix_letter_uncertain",
            "id",
            sqlite_where=text("state = 'uncertain'"),
            postgresql_where=text("state = 'uncertain'"),
        ),
        Index(
            "ix_letter_turn",
            "channel",
            "origin_id",
            "due_at",
            "id",
            sqlite_where=text("state = 'queued' AND lane = 'campaign'"),
            postgresql_where=text("state = 'queued' AND lane = 'campaign'"),
        ),
        Index(
            "ix_letter_ended_otherwise",
            "state",
            "id",
            sqlite_where=text("state NOT IN ('queued', 'sending', 'sent')"),
            postgresql_where=text("state NOT IN ('queued', 'sending', 'sent')"),
        ),
        Index(
            "ix_letter_held_by",
            "held_by_id",
            sqlite_where=text("held_by_id IS NOT NULL"),
            postgresql_where=text("held_by_id IS NOT NULL"),
        ),
        Index(
            "ix_letter_held",
            "id",
            sqlite_where=text("state = 'queued' AND reason IS NOT NULL"),
            postgresql_where=text("state = 'queued' AND reason IS NOT NULL"),
        ),
        Index(
            "ix_letter_waits_for",
            "sender_id",
            "origin_id",
            "due_at",
            "id",
            sqlite_where=text("state = 'queued' AND sender_id IS NOT NULL"),
            postgresql_where=text("state = 'queued' AND sender_id IS NOT NULL"),
        ),
        Index("ix_letter_origin_state", "origin_id", "state", "id"),
        CheckConstraint("state != 'sending' OR lease_until IS NOT NULL", name="sending_has_lease"),
        CheckConstraint("state != 'sent' OR sent_at IS NOT NULL", name="sent_has_moment"),
    )

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    occasion: Mapped[str]
    channel: Mapped[Channel] = mapped_column(state_type(Channel))
    lane: Mapped[Lane] = mapped_column(state_type(Lane))
    state: Mapped[LetterState] = mapped_column(state_type(LetterState), default=LetterState.QUEUED)
    wording_id: Mapped[int] = mapped_column(ForeignKey("wording.id"))
    values: Mapped[dict[str, Any] | None]
    identity_kind: Mapped[str]
    identity_value: Mapped[str]
    sender_id: Mapped[int | None] = mapped_column(ForeignKey("sender.id"))
    origin_id: Mapped[int | None] = mapped_column(ForeignKey("origin.id"))
    queued_at: Mapped[datetime]
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    held_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    sent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    reason: Mapped[str | None]


class Touch(Numbered):
    """One contact between us and a person, either way. `channel` is the kind of identity it went over."""

    __tablename__ = "touch"
    __table_args__ = (
        Index("ix_touch_person_at", "person_id", "at"),
        Index(
            "ix_touch_staff",
            "staff_id",
            sqlite_where=text("staff_id IS NOT NULL"),
            postgresql_where=text("staff_id IS NOT NULL"),
        ),
        Index(
            "ix_touch_refused",
            "person_id",
            "at",
            sqlite_where=text("outcome = 'refused'"),
            postgresql_where=text("outcome = 'refused'"),
        ),
        Index(
            "uq_touch_letter_outcome",
            "letter_id",
            "outcome",
            unique=True,
            sqlite_where=text("letter_id IS NOT NULL"),
            postgresql_where=text("letter_id IS NOT NULL"),
        ),
    )

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    direction: Mapped[Direction] = mapped_column(state_type(Direction))
    channel: Mapped[str]
    outcome: Mapped[Outcome] = mapped_column(state_type(Outcome))
    body: Mapped[str | None]
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letter.id", ondelete="SET NULL"))
    origin_id: Mapped[int | None] = mapped_column(ForeignKey("origin.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class Contact(Model):
    """A person's touches in one row, derived from them (`flask outbox rebuild`): who waits, whom we never wrote to.

    `closed_at` is when one of us last answered, or when the person last asked to be left alone; letters that leave by
    themselves answer nobody. `waiting_since` is the oldest reply after it.
    """

    __tablename__ = "contact"
    __table_args__ = (
        Index(
            "ix_contact_waiting",
            "waiting_since",
            "person_id",
            sqlite_where=text("waiting_since IS NOT NULL"),
            postgresql_where=text("waiting_since IS NOT NULL"),
        ),
        Index("ix_contact_last_touch", "last_touch_at", "person_id"),
        Index("ix_contact_person", "person_id", "first_sent_at", "last_touch_at"),
    )

    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    first_sent_at: Mapped[datetime | None]
    last_out_at: Mapped[datetime | None]
    last_in_at: Mapped[datetime | None]
    last_touch_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    waiting_since: Mapped[datetime | None]
    first_channel: Mapped[str | None]
    first_origin_id: Mapped[int | None] = mapped_column(ForeignKey("origin.id"))


class CampaignRefusal(Model):
    """Somebody who wants no more campaigns, but whatever else concerns them."""

    __tablename__ = "campaign_refusal"

    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime]
    why: Mapped[str] = mapped_column(default="")

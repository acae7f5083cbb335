"""Boot-screen editions, each tester's consent and chosen name, and who was asked for it when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.credits.rules import ConsentAnswer, EditionState
from crm.core.db import Model, Numbered, state_type


class Consent(Model):
    """A tester's answer: no row means not answered. `shown_name` is the name the person chose.

    `likeness` is that of a name that may be shown (rules/likeness.py; `flask credits rebuild`), else empty.
    `withdrawn_at`: since when a yes is a no.
    """

    __tablename__ = "consent"
    __table_args__ = (
        CheckConstraint("answer = 'no' OR shown_name != ''", name="yes_has_name"),
        CheckConstraint("answer = 'no' OR withdrawn_at IS NULL", name="yes_is_not_withdrawn"),
        Index(
            "ix_consent_likeness",
            "likeness",
            sqlite_where=text("likeness != ''"),
            postgresql_where=text("likeness != ''"),
        ),
    )

    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    answer: Mapped[ConsentAnswer] = mapped_column(state_type(ConsentAnswer))
    shown_name: Mapped[str] = mapped_column(default="")
    likeness: Mapped[str] = mapped_column(default="", server_default="")
    answered_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    hidden_at: Mapped[datetime | None]
    hidden_why: Mapped[str | None]


class ConsentRound(Numbered):
    """Once that staff asked all testers who had not answered; the job writes the letters."""

    __tablename__ = "consent_round"

    started_at: Mapped[datetime]
    started_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))


class ConsentAsk(Model):
    """Somebody was asked, once for ever. `remind_at`: when the schedule looks whether to remind; empty when it has."""

    __tablename__ = "consent_ask"
    __table_args__ = (
        Index(
            "ix_consent_ask_remind",
            "remind_at",
            "person_id",
            sqlite_where=text("remind_at IS NOT NULL"),
            postgresql_where=text("remind_at IS NOT NULL"),
        ),
    )

    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    round_id: Mapped[int] = mapped_column(ForeignKey("consent_round.id", ondelete="CASCADE"), index=True)
    asked_at: Mapped[datetime]
    remind_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]


class Edition(Numbered):
    """One boot screen: chosen by `rule` as of a moment, drawn with `look` (see rules.parts_of and rules.look_of)."""

    __tablename__ = "edition"

    name: Mapped[str] = mapped_column(unique=True)
    rule: Mapped[dict[str, Any]]
    as_of: Mapped[datetime]
    look: Mapped[dict[str, Any]]
    build_id: Mapped[int | None] = mapped_column(ForeignKey("build.id"))
    state: Mapped[EditionState] = mapped_column(state_type(EditionState), default=EditionState.DRAFT)
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    frozen_at: Mapped[datetime | None]
    shipped_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]


class EditionName(Model):
    """A name on a frozen edition, as it was when frozen; `position` is its order, `section` the kind of part that chose
    it."""

    __tablename__ = "edition_name"
    __table_args__ = (
        Index("ix_edition_name_person", "person_id"),
        UniqueConstraint("edition_id", "position"),
    )

    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    shown_name: Mapped[str]
    position: Mapped[int]
    section: Mapped[str] = mapped_column(default="")


class Rendering(Numbered):
    """Files drawn of an edition for one screen in one language, stored under the hash of what went in.

    Each of `files` is {"form", "name", "key", "size"}, a page's picture also {"page"}.
    """

    __tablename__ = "rendering"
    __table_args__ = (UniqueConstraint("edition_id", "input_hash"),)

    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id", ondelete="CASCADE"))
    input_hash: Mapped[str]
    screen: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="")
    files: Mapped[list[Any]]
    manifest_key: Mapped[str | None]
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    at: Mapped[datetime]

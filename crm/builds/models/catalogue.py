"""Builds, their notes, who may have them, and the weeks in which one came out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Model, Numbered


class Build(Numbered):
    """A numbered artefact of one platform. The file, once stored, never changes; size in bytes.

    While it is held, nobody is offered it; who has it keeps it. A withdrawn one is offered to nobody any more.
    """

    __tablename__ = "build"
    __table_args__ = (
        UniqueConstraint("platform", "version"),
        CheckConstraint("(file_key IS NULL) = (sha256 IS NULL)", name="file_has_sum"),
    )

    platform: Mapped[str]
    version: Mapped[str]
    registered_at: Mapped[datetime]
    registered_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    file_name: Mapped[str | None]
    file_key: Mapped[str | None]
    size: Mapped[int | None]
    sha256: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]
    held_at: Mapped[datetime | None]


class BuildNote(Model):
    """What is new, in one language."""

    __tablename__ = "build_note"

    build_id: Mapped[int] = mapped_column(ForeignKey("build.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[str]


class BuildAccess(Model):
    """Who may have which build, since when, by which origin (a release's label such as `release:7`)."""

    __tablename__ = "build_access"
    __table_args__ = (Index("ix_build_access_person", "person_id", "granted_at"),)

    build_id: Mapped[int] = mapped_column(ForeignKey("build.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    granted_at: Mapped[datetime]
    granted_by: Mapped[str]


class OpenWeek(Model):
    """Released weeks: weeks (see core/weeks.py) in which a release opened. Written by releases, read by the funnel."""

    __tablename__ = "open_week"

    week: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    opened_at: Mapped[datetime]

"""Builds, their notes, who may have them, and the weeks in which one came out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.builds.rules import CHANNEL
from crm.core.db import Model, Numbered


def _when_registered(context: Any) -> datetime:
    found: datetime = context.get_current_parameters()["registered_at"]
    return found


class Build(Numbered):
    """A numbered version of the product on one platform; its files are artefacts.

    `ordered_at` is its place among the builds of its platform, the newest last: when it was registered, or just before
    the newer version that it stays below. While it is held, nobody is offered it; who has it keeps it. `held_by` names
    the release that holds it, and lets it go on. A withdrawn one, and one past `expires_at`, is offered to nobody any
    more.
    """

    __tablename__ = "build"
    __table_args__ = (
        UniqueConstraint("platform", "version"),
        Index("ix_build_platform_order", "platform", "ordered_at"),
        Index(
            "ix_build_expires_at",
            "expires_at",
            sqlite_where=text("expires_at IS NOT NULL"),
            postgresql_where=text("expires_at IS NOT NULL"),
        ),
    )

    platform: Mapped[str]
    version: Mapped[str]
    channel: Mapped[str] = mapped_column(default=CHANNEL)
    registered_at: Mapped[datetime]
    ordered_at: Mapped[datetime] = mapped_column(default=_when_registered)
    noted_at: Mapped[datetime | None]  # when its notes were last written
    registered_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    withdrawn_at: Mapped[datetime | None]
    held_at: Mapped[datetime | None]
    held_by: Mapped[str | None]
    expires_at: Mapped[datetime | None]


class BuildNote(Model):
    """What is new, and what to test, in one language, as Markdown."""

    __tablename__ = "build_note"

    build_id: Mapped[int] = mapped_column(ForeignKey("build.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[str]
    to_test: Mapped[str] = mapped_column(default="")


class FixedNotes(Model):
    """By which origin (a release's label such as `release:7`) the notes of a build stay as they are, and its files if
    it had any; `named` tells a reader which that is. While there is any, nobody changes them.
    """

    __tablename__ = "fixed_notes"

    build_id: Mapped[int] = mapped_column(ForeignKey("build.id", ondelete="CASCADE"), primary_key=True)
    fixed_by: Mapped[str] = mapped_column(primary_key=True)
    named: Mapped[str]
    fixed_at: Mapped[datetime]
    with_files: Mapped[bool] = mapped_column(default=False)


class BuildAccess(Model):
    """Who may have which build, since when, by which origin (a release's label such as `release:7`)."""

    __tablename__ = "build_access"
    __table_args__ = (Index("ix_build_access_person", "person_id", "granted_at"),)

    build_id: Mapped[int] = mapped_column(ForeignKey("build.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    granted_at: Mapped[datetime]
    granted_by: Mapped[str]


class BuildDownload(Model):
    """Who began to download a build, and when first. Proof of nothing but that: a gate waits for the first run."""

    __tablename__ = "build_download"

    build_id: Mapped[int] = mapped_column(ForeignKey("build.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)
    first_at: Mapped[datetime]


class OpenWeek(Model):
    """Released weeks: weeks (see core/weeks.py) in which a release opened. Written by releases, read by the funnel."""

    __tablename__ = "open_week"

    week: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    opened_at: Mapped[datetime]

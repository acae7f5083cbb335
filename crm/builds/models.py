"""The catalogue of builds, who may have which, and the signs that testers ran them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.builds.rules import CheckInKind, SeatState
from crm.core.db import Model, Numbered, state_type


class Build(Numbered):
    """A numbered artefact of one platform. The file, once stored, never changes; size in bytes."""

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


class Seat(Numbered):
    """A place in the programme for a platform, or one's turn on its waiting list."""

    __tablename__ = "seat"
    __table_args__ = (
        UniqueConstraint("platform", "person_id"),
        Index("ix_seat_waiting", "platform", "state", "since"),
    )

    platform: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    state: Mapped[SeatState] = mapped_column(state_type(SeatState))
    since: Mapped[datetime]


class CheckIn(Numbered):
    """A sign that a tester ran a build. `version` is what the device named; `build_id` the build we know by it."""

    __tablename__ = "check_in"
    __table_args__ = (
        Index("ix_check_in_person_at", "person_id", "at"),
        Index("ix_check_in_build", "build_id", "kind", "person_id"),
        Index(
            "uq_check_in_client_key",
            "person_id",
            "client_key",
            unique=True,
            sqlite_where=text("client_key IS NOT NULL"),
            postgresql_where=text("client_key IS NOT NULL"),
        ),
    )

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    build_id: Mapped[int | None] = mapped_column(ForeignKey("build.id"))
    version: Mapped[str]
    kind: Mapped[CheckInKind] = mapped_column(state_type(CheckInKind))
    at: Mapped[datetime]
    received_at: Mapped[datetime]
    client_key: Mapped[str | None]


class CheckInImport(Numbered):
    """One file of check-ins from another system, with the rows that were refused and why."""

    __tablename__ = "check_in_import"

    file_name: Mapped[str]
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    read: Mapped[int]
    new: Mapped[int]
    known: Mapped[int]
    refused: Mapped[int]
    reasons: Mapped[list[Any]]

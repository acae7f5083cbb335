"""Signs that testers ran a build."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.builds.rules import CheckInKind
from crm.core.db import Numbered, state_type


class CheckIn(Numbered):
    """A sign that a tester ran a build. `version` is what the device named; `build_id` the build we know by it."""

    __tablename__ = "check_in"
    __table_args__ = (
        Index("ix_check_in_person_at", "person_id", "at"),
        Index("ix_check_in_build", "build_id", "kind", "person_id"),
        Index(
            "ix_check_in_unknown",
            "version",
            sqlite_where=text("build_id IS NULL"),
            postgresql_where=text("build_id IS NULL"),
        ),
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


class CheckInBatch(Numbered):
    """A batch that was accepted and is not recorded yet; recording it takes the row away in the same transaction.

    `items` are the check-ins as recorded, `at` in ISO by our clock.
    """

    __tablename__ = "check_in_batch"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    received_at: Mapped[datetime]
    items: Mapped[list[Any]]


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

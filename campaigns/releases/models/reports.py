"""The testers' weekly report on a release."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Model, Numbered


class WeeklyReport(Numbered):
    """What one tester says of one release, a line each. `mark` is 1 (poor) to 5 (very good)."""

    __tablename__ = "weekly_report"
    __table_args__ = (
        UniqueConstraint("release_id", "person_id"),
        CheckConstraint("mark BETWEEN 1 AND 5", name="mark"),
    )

    release_id: Mapped[int] = mapped_column(ForeignKey("release.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    mark: Mapped[int]
    works: Mapped[str] = mapped_column(default="")
    broken: Mapped[str] = mapped_column(default="")
    wanted: Mapped[str] = mapped_column(default="")
    written_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class ReportReminder(Model):
    """The one reminder of a release's weekly report, once it has been written."""

    __tablename__ = "report_reminder"

    release_id: Mapped[int] = mapped_column(ForeignKey("release.id", ondelete="CASCADE"), primary_key=True)
    reminded_at: Mapped[datetime]

"""Where people stand, how they came there, and the figures made of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Key, Model, Numbered, state_type
from crm.funnel.rules import Stage


class RuleSet(Model):
    """One version of the rules of DOMAIN.md, in weeks; the newest that is effective on a day holds on that day.

    active: in at least a of the last b released weeks; retained: tenure of m weeks and active in k of the last n; g
    weeks of grace.
    """

    __tablename__ = "rule_set"
    __table_args__ = (
        CheckConstraint("1 <= a AND a <= b AND b <= 64", name="active_window"),
        CheckConstraint("1 <= k AND k <= n AND n <= 64", name="retained_window"),
        CheckConstraint("m >= 0 AND g >= 0", name="not_negative"),
    )

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    effective_on: Mapped[date]
    a: Mapped[int] = mapped_column(default=1)
    b: Mapped[int] = mapped_column(default=4)
    m: Mapped[int] = mapped_column(default=52)
    k: Mapped[int] = mapped_column(default=3)
    n: Mapped[int] = mapped_column(default=13)
    g: Mapped[int] = mapped_column(default=2)
    published_at: Mapped[datetime]
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class Standing(Model):
    """One row per person who has been reached: first-reached dates and where they stand now.

    A skipped stage has no date of its own (`came_in_at` names the first); the `*_at` dates below it stay None although
    whoever reaches a stage counts as having reached those before it: `reached` is the highest ladder step ever (1 to
    4).
    """

    __tablename__ = "standing"
    __table_args__ = (
        Index("ix_standing_stage", "stage", "since", "person_id"),
        Index("ix_standing_person", "person_id", "stage", "reached"),
        Index("ix_standing_reached", "reached", "origin_id", "source_id", "week"),
        CheckConstraint("reached BETWEEN 0 AND 4", name="ladder"),
    )

    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    stage: Mapped[Stage] = mapped_column(state_type(Stage))
    since: Mapped[datetime]
    reached: Mapped[int]
    came_in_at: Mapped[Stage | None] = mapped_column(state_type(Stage, "came_in_at"))
    contacted_at: Mapped[datetime | None]
    joined_at: Mapped[datetime | None]
    active_at: Mapped[datetime | None]
    retained_at: Mapped[datetime | None]
    lapsed_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    grace_until: Mapped[datetime | None]
    first_week: Mapped[int | None]
    week: Mapped[int]
    rule_version: Mapped[int | None] = mapped_column(ForeignKey("rule_set.version"))
    origin_id: Mapped[int | None] = mapped_column(ForeignKey("origin.id"))
    source_id: Mapped[int | None] = mapped_column(Key)
    source_key: Mapped[str] = mapped_column(default="")
    channel: Mapped[str | None]


class Move(Numbered):
    """One move of one person; only ever added. `why` holds the fact, or the rule and its figures.

    A later fact about earlier days may tell the way anew: what was told before stays, and `superseded_at` says since
    when it no longer holds. `reconstructed`: recorded more than a week after it happened, so that nobody was warned
    or written to.
    """

    __tablename__ = "move"
    __table_args__ = (
        Index("ix_move_person_at", "person_id", "at"),
        Index("ix_move_at", "at"),
        Index(
            "ix_move_by",
            "by_id",
            sqlite_where=text("by_id IS NOT NULL"),
            postgresql_where=text("by_id IS NOT NULL"),
        ),
    )

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    from_stage: Mapped[Stage] = mapped_column(state_type(Stage, "from_stage"))
    to_stage: Mapped[Stage] = mapped_column(state_type(Stage, "to_stage"))
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    why: Mapped[dict[str, Any]]
    rule_version: Mapped[int | None] = mapped_column(ForeignKey("rule_set.version"))
    reconstructed: Mapped[bool] = mapped_column(default=False)
    superseded_at: Mapped[datetime | None]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class Activity(Model):
    """64 weeks of a person in a word: bit i is set when they were active in week `era * 64 + i` (two's complement)."""

    __tablename__ = "activity"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    era: Mapped[int] = mapped_column(primary_key=True, index=True)
    bits: Mapped[int]


class FunnelCell(Model):
    """The rollup that the funnel page reads; rebuilt by one command and held against the rows by a test.

    `week` is the week of joining the funnel; n1 to n4 count people who ever reached contacted, joined, active,
    retained.
    """

    __tablename__ = "funnel_cell"

    week: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    origin_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=0)
    source_key: Mapped[str] = mapped_column(primary_key=True, default="")
    channel: Mapped[str] = mapped_column(primary_key=True, default="")
    n1: Mapped[int]
    n2: Mapped[int]
    n3: Mapped[int]
    n4: Mapped[int]


class DataVersion(Model):
    """Grows with each settling: what cohorts and lifecycle are cached by."""

    __tablename__ = "data_version"

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    settled_at: Mapped[datetime | None]
    computed: Mapped[dict[str, Any] | None]

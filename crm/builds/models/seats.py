"""Places in the programme, and what is ruled of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.builds.rules.seats import SeatEnd, SeatRule, SeatState
from crm.core.db import Model, Numbered, state_type


class SeatPolicy(Model):
    """The rule of a platform's seats. `version` grows with each change, so that nobody overwrites one unseen."""

    __tablename__ = "seat_policy"
    __table_args__ = (
        CheckConstraint("cap >= 0", name="cap"),
        CheckConstraint("idle_weeks >= 1", name="idle"),
        CheckConstraint("grace_days >= 7", name="grace"),
    )

    platform: Mapped[str] = mapped_column(primary_key=True)
    cap: Mapped[int | None]
    idle_weeks: Mapped[int | None]
    grace_days: Mapped[int]
    version: Mapped[int]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    @property
    def rule(self) -> SeatRule:
        return SeatRule(self.cap, self.idle_weeks, self.grace_days)


class Seat(Numbered):
    """A place in the programme for a platform, one's turn on its waiting list, or what was one's place.

    `since` is when it came to this state; `first_held_at` makes a returner of who waits. Only a held one is warned,
    and is lost at `lose_at`, which no later rule brings nearer.
    """

    __tablename__ = "seat"
    __table_args__ = (
        UniqueConstraint("platform", "person_id"),
        Index("ix_seat_waiting", "platform", "state", "since"),
        CheckConstraint("warned_at IS NULL OR state = 'held'", name="warned_is_held"),
        CheckConstraint("(warned_at IS NULL) = (lose_at IS NULL)", name="warned_until"),
        CheckConstraint("(state = 'released') = (ended IS NOT NULL)", name="released_for_a_reason"),
        CheckConstraint("state <> 'held' OR first_held_at IS NOT NULL", name="held_once"),
    )

    platform: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    state: Mapped[SeatState] = mapped_column(state_type(SeatState))
    since: Mapped[datetime]
    first_held_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    lose_at: Mapped[datetime | None]
    ended: Mapped[SeatEnd | None] = mapped_column(state_type(SeatEnd))
    why: Mapped[str] = mapped_column(default="")

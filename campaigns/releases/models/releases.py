"""The releases of a train and their waves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.releases.rules import Notify, ReleaseState, Turn, WaveKind
from crm.core.db import Model, Numbered, state_type


class Release(Numbered):
    """One opening of a train, with one build; `week` and `day` are its turn, as in rules/turns.py.

    `leaves_local` (ISO, without a zone) and `zone` are what `opens_at` meant, should the rules of the zone change.
    Frozen are its build and that build's notes, the lists of its waves, and its wordings in the outbox. `held_from` is
    where a release on hold goes on; `why` is what was said of the last hold, cancelling or roll-back.
    """

    __tablename__ = "release"
    __table_args__ = (
        UniqueConstraint("train_id", "week", "day"),
        CheckConstraint("day BETWEEN 0 AND 7", name="day"),
        Index("ix_release_due", "state", "opens_at"),
        CheckConstraint("(state = 'held') = (held_from IS NOT NULL)", name="held_from_somewhere"),
    )

    train_id: Mapped[int] = mapped_column(ForeignKey("train.id"))
    week: Mapped[int]
    day: Mapped[int] = mapped_column(default=0)
    opens_at: Mapped[datetime]
    leaves_local: Mapped[str | None]
    zone: Mapped[str | None]
    build_id: Mapped[int | None] = mapped_column(ForeignKey("build.id"), index=True)
    audience_id: Mapped[int | None] = mapped_column(ForeignKey("audience.id"))
    state: Mapped[ReleaseState] = mapped_column(state_type(ReleaseState), default=ReleaseState.PLANNED)
    held_from: Mapped[ReleaseState | None] = mapped_column(state_type(ReleaseState, "held_from"))
    why: Mapped[str] = mapped_column(default="")
    frozen_at: Mapped[datetime | None]
    rehearsed_at: Mapped[datetime | None]
    go_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    held_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    @property
    def turn(self) -> Turn:
        return Turn(self.week, self.day)


class ReleaseHour(Model):
    """What a release had come to at one hour: counted from the rows it stands for, as `flask releases count` does anew.

    `letters` is by state; it has no history, so it is of the moment of counting. So are `in_time` and `crashes`, for
    which a gate asks; None where there is no gate.
    """

    __tablename__ = "release_hour"

    release_id: Mapped[int] = mapped_column(ForeignKey("release.id", ondelete="CASCADE"), primary_key=True)
    hour_at: Mapped[datetime] = mapped_column(primary_key=True)
    given: Mapped[int]
    downloaded: Mapped[int]
    ran: Mapped[int]
    reported: Mapped[int]
    blockers: Mapped[int]
    letters: Mapped[dict[str, Any] | None]
    in_time: Mapped[int | None]
    crashes: Mapped[int | None]
    counted_at: Mapped[datetime]


class Wave(Numbered):
    """A part of a release's audience. Without a list, it is whoever belongs to it when it opens.

    `opened_at` is when its first person got the build, `done_at` when its last one had it. `overruled_why`: a person
    has let it go though its gate was closed.
    """

    __tablename__ = "wave"
    __table_args__ = (
        UniqueConstraint("release_id", "position"),
        CheckConstraint("(kind = 'share') = (percent IS NOT NULL)", name="share_has_percent"),
        CheckConstraint("(overruled_at IS NULL) = (overruled_why IS NULL)", name="overruled_for_a_reason"),
    )

    release_id: Mapped[int] = mapped_column(ForeignKey("release.id", ondelete="CASCADE"))
    position: Mapped[int]
    kind: Mapped[WaveKind] = mapped_column(state_type(WaveKind))
    percent: Mapped[int | None]
    notify: Mapped[Notify] = mapped_column(state_type(Notify))
    list_id: Mapped[int | None] = mapped_column(ForeignKey("frozen_list.id"))
    opened_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    overruled_at: Mapped[datetime | None]
    overruled_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    overruled_why: Mapped[str | None]

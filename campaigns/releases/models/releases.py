"""The weekly train, its releases and their waves."""

from __future__ import annotations

from datetime import datetime, time

from sqlalchemy import CheckConstraint, ForeignKey, Index, Time, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.releases.rules import ReleaseState, WaveKind
from crm.core.db import Numbered, state_type


class Train(Numbered):
    """A weekly schedule: weekday 0 is Monday; `local_time` is in `zone`."""

    __tablename__ = "train"
    __table_args__ = (CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),)

    name: Mapped[str] = mapped_column(unique=True)
    platform: Mapped[str]
    weekday: Mapped[int]
    local_time: Mapped[time] = mapped_column(Time)
    zone: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class Release(Numbered):
    """One opening of a train, with one build; `week` as in core/weeks.py. Its wordings are frozen in the outbox."""

    __tablename__ = "release"
    __table_args__ = (UniqueConstraint("train_id", "week"), Index("ix_release_due", "state", "opens_at"))

    train_id: Mapped[int] = mapped_column(ForeignKey("train.id"))
    week: Mapped[int]
    opens_at: Mapped[datetime]
    build_id: Mapped[int | None] = mapped_column(ForeignKey("build.id"), index=True)
    audience_id: Mapped[int | None] = mapped_column(ForeignKey("audience.id"))
    state: Mapped[ReleaseState] = mapped_column(state_type(ReleaseState), default=ReleaseState.PLANNED)
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class Wave(Numbered):
    """A part of a release's audience, with the list that was frozen for it."""

    __tablename__ = "wave"
    __table_args__ = (UniqueConstraint("release_id", "kind"),)

    release_id: Mapped[int] = mapped_column(ForeignKey("release.id", ondelete="CASCADE"))
    kind: Mapped[WaveKind] = mapped_column(state_type(WaveKind))
    list_id: Mapped[int | None] = mapped_column(ForeignKey("frozen_list.id"))
    opened_at: Mapped[datetime | None]

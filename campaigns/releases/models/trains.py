"""The train: when it leaves, through which waves, on which days it does not."""

from __future__ import annotations

from datetime import date, datetime, time

from sqlalchemy import CheckConstraint, ForeignKey, Time, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.releases.rules import EVERY_DAY, Gate, Notify, Turn, WaveKind, opens_at
from crm.core.db import Model, Numbered, state_type


class Train(Numbered):
    """A schedule: weekday 0 is Monday, EVERY_DAY (7) means that it leaves each day; `local_time` is in `zone`.

    It freezes and rehearses so many hours before it leaves; None: not at all. A train that does not go by itself waits
    after its rehearsal until a person lets it go. The gate's figures are rules.Gate's.
    """

    __tablename__ = "train"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 7", name="weekday"),
        CheckConstraint("freeze_hours > 0", name="freezes_before"),
        CheckConstraint("rehearsal_hours > 0 AND rehearsal_hours <= freeze_hours", name="rehearses_what_is_frozen"),
        CheckConstraint("rehearsal_hours IS NULL OR freeze_hours IS NOT NULL", name="rehearsal_needs_freeze"),
        CheckConstraint("gate_percent BETWEEN 1 AND 100", name="gate_percent"),
        CheckConstraint("gate_hours > 0", name="gate_hours"),
    )

    name: Mapped[str] = mapped_column(unique=True)
    platform: Mapped[str]
    weekday: Mapped[int]
    local_time: Mapped[time] = mapped_column(Time)
    zone: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    freeze_hours: Mapped[int | None]
    rehearsal_hours: Mapped[int | None]
    goes_itself: Mapped[bool] = mapped_column(default=True)
    core_audience_id: Mapped[int | None] = mapped_column(ForeignKey("audience.id"))
    gate_percent: Mapped[int | None]
    gate_hours: Mapped[int] = mapped_column(default=24)
    gate_blockers: Mapped[int | None]
    gate_crashes: Mapped[int | None]

    @property
    def gate(self) -> Gate:
        return Gate(self.gate_percent, self.gate_hours, self.gate_blockers, self.gate_crashes)

    @property
    def daily(self) -> bool:
        return self.weekday == EVERY_DAY

    def leaves_in(self, turn: Turn) -> bool:
        """Whether this is one of its turns: a day of a daily train, a whole week of a weekly one."""
        return self.daily == bool(turn.day)

    def leaves_on(self, turn: Turn) -> date:
        """In its own zone. Raises ValueError for a turn that it does not have."""
        if not self.leaves_in(turn):
            raise ValueError(turn)
        return turn.on(self.weekday)

    def opens_at(self, turn: Turn) -> datetime:
        """In UTC, as rules.opens_at says."""
        return opens_at(self.leaves_on(turn), self.local_time, self.zone)


class TrainWave(Numbered):
    """One wave of a train; its releases take them over when they freeze, or open."""

    __tablename__ = "train_wave"
    __table_args__ = (
        UniqueConstraint("train_id", "position"),
        CheckConstraint("(kind = 'share') = (percent IS NOT NULL)", name="share_has_percent"),
        CheckConstraint("percent BETWEEN 1 AND 99", name="percent"),
    )

    train_id: Mapped[int] = mapped_column(ForeignKey("train.id", ondelete="CASCADE"))
    position: Mapped[int]
    kind: Mapped[WaveKind] = mapped_column(state_type(WaveKind))
    percent: Mapped[int | None]
    notify: Mapped[Notify] = mapped_column(state_type(Notify))


class TrainHoliday(Model):
    """A day on which the train does not leave, though it would."""

    __tablename__ = "train_holiday"

    train_id: Mapped[int] = mapped_column(ForeignKey("train.id", ondelete="CASCADE"), primary_key=True)
    day_on: Mapped[date] = mapped_column(primary_key=True)
    why: Mapped[str]

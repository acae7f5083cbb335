"""Campaigns: an audience, steps, wordings, a pace, an end."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.outreach.rules import CampaignState, Only, PlaceState, Stop
from crm.core.db import Model, Numbered, state_type
from crm.outbox.rules import Channel


class Campaign(Numbered):
    """`pace` is letters per hour, `per_day` a day of the programme's zone (None: as many as the sender may). The frozen
    list is taken when it starts.

    `stopped`: it was finished before all had left. `asked_people`: to how many people the start was asked for; a
    second person's word holds for no more. `taken_on`: the warnings that whoever started it has weighed.
    """

    __tablename__ = "campaign"
    __table_args__ = (
        CheckConstraint("pace IS NULL OR pace > 0", name="pace_moves"),
        CheckConstraint("per_day IS NULL OR per_day > 0", name="moves_each_day"),
        CheckConstraint("approved_by_id != started_by_id", name="approved_by_another"),
        CheckConstraint("state != 'scheduled' OR starts_at IS NOT NULL", name="scheduled_has_moment"),
    )

    name: Mapped[str] = mapped_column(unique=True)
    audience_id: Mapped[int | None] = mapped_column(ForeignKey("audience.id"))
    list_id: Mapped[int | None] = mapped_column(ForeignKey("frozen_list.id"))
    origin_id: Mapped[int] = mapped_column(ForeignKey("origin.id"))
    state: Mapped[CampaignState] = mapped_column(state_type(CampaignState), default=CampaignState.DRAFT)
    pace: Mapped[int | None]
    per_day: Mapped[int | None]
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    started_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    stopped: Mapped[bool] = mapped_column(default=False)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    stops: Mapped[list[Any]] = mapped_column(default=lambda: [stop.value for stop in Stop])
    starts_at: Mapped[datetime | None]
    started_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    asked_people: Mapped[int | None]
    taken_on: Mapped[list[Any]] = mapped_column(default=list)


class CampaignSender(Model):
    """A mailbox that a campaign's letters leave by. Of several, each person gets all their letters from one."""

    __tablename__ = "campaign_sender"

    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    sender_id: Mapped[int] = mapped_column(ForeignKey("sender.id"), primary_key=True, autoincrement=False, index=True)


class CampaignStep(Numbered):
    """One step: a letter by mail, or by hand over one kind of identity (`forum:gfan.com`, `qq` ...).

    A step after the first waits `after_hours` from when the one before left, then until `on_weekday` (0: Monday) and
    `at_time` (`18:30`, in the person's own zone), and is only for those of whom `only` holds then.
    """

    __tablename__ = "campaign_step"
    __table_args__ = (
        UniqueConstraint("campaign_id", "position"),
        CheckConstraint("after_hours >= 0", name="waits_forward"),
        CheckConstraint("on_weekday BETWEEN 0 AND 6", name="weekday_is_one"),
    )

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    position: Mapped[int]
    channel: Mapped[Channel] = mapped_column(state_type(Channel))
    identity_kind: Mapped[str]
    sender_id: Mapped[int | None] = mapped_column(ForeignKey("sender.id"))
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after_hours: Mapped[int] = mapped_column(default=0)
    on_weekday: Mapped[int | None]
    at_time: Mapped[str] = mapped_column(default="")
    only: Mapped[Only] = mapped_column(state_type(Only), default=Only.EVERYBODY)


class StepWording(Numbered):
    """A step's text in one language and variant, editable until the start; then it becomes an outbox wording."""

    __tablename__ = "step_wording"
    __table_args__ = (UniqueConstraint("step_id", "language", "variant"),)

    step_id: Mapped[int] = mapped_column(ForeignKey("campaign_step.id", ondelete="CASCADE"))
    language: Mapped[str]
    variant: Mapped[str] = mapped_column(default="a")
    subject: Mapped[str] = mapped_column(default="")
    body: Mapped[str]
    wording_id: Mapped[int | None] = mapped_column(ForeignKey("wording.id"))


class Place(Model):
    """Where one person stands in a campaign's sequence: how many steps they have passed, and what comes when.

    `moved_at` is when `position` was last moved; `why` says what stopped them, or why they got nothing.
    """

    __tablename__ = "campaign_place"
    __table_args__ = (
        Index(
            "ix_campaign_place_due",
            "campaign_id",
            "due_at",
            "person_id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_campaign_place_state", "campaign_id", "state", "position", "person_id"),
        CheckConstraint("state != 'waiting' OR due_at IS NOT NULL", name="waiting_is_due"),
    )

    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )
    position: Mapped[int] = mapped_column(default=0)
    state: Mapped[PlaceState] = mapped_column(state_type(PlaceState))
    why: Mapped[str] = mapped_column(default="")
    due_at: Mapped[datetime | None]
    moved_at: Mapped[datetime]

"""Campaigns: an audience, steps, wordings, a pace, an end."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.outreach.rules import CampaignState
from crm.core.db import Numbered, state_type
from crm.outbox.rules import Channel


class Campaign(Numbered):
    """`pace` is letters per hour (None: as fast as the sender may). The frozen list is taken when it starts."""

    __tablename__ = "campaign"
    __table_args__ = (CheckConstraint("pace IS NULL OR pace > 0", name="pace_moves"),)

    name: Mapped[str] = mapped_column(unique=True)
    audience_id: Mapped[int | None] = mapped_column(ForeignKey("audience.id"))
    list_id: Mapped[int | None] = mapped_column(ForeignKey("frozen_list.id"))
    origin_id: Mapped[int] = mapped_column(ForeignKey("origin.id"))
    state: Mapped[CampaignState] = mapped_column(state_type(CampaignState), default=CampaignState.DRAFT)
    pace: Mapped[int | None]
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    started_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))


class CampaignStep(Numbered):
    """One step: a letter by mail, or by hand over one kind of identity (`forum:gfan.com`, `qq` ...)."""

    __tablename__ = "campaign_step"
    __table_args__ = (UniqueConstraint("campaign_id", "position"),)

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    position: Mapped[int]
    channel: Mapped[Channel] = mapped_column(state_type(Channel))
    identity_kind: Mapped[str]
    sender_id: Mapped[int | None] = mapped_column(ForeignKey("sender.id"))
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)


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

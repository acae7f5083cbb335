"""A campaign starts, pauses, goes on and finishes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import and_, exists, or_, select, update

from campaigns.audience.actions import freeze
from campaigns.outreach.actions.drafting import check_pace
from campaigns.outreach.models import Campaign, Place
from campaigns.outreach.queries import campaign_or_404, steps_of, texts_of
from campaigns.outreach.rules import CAMPAIGN_MOVES, CAMPAIGN_STOPPED, JOB, CampaignState, PlaceState, occasion
from crm.core import journal, programme
from crm.core.db import session
from crm.core.errors import MoveRefused
from crm.core.jobs import Job, JobState, enqueue
from crm.outbox.actions import put_wording, set_pace, stop_leaving
from crm.outbox.models import Letter
from crm.outbox.rules import STOPPED, Channel, LetterState

BEFORE = (CampaignState.DRAFT, CampaignState.APPROVAL, CampaignState.SCHEDULED)
OPEN_LETTERS = (LetterState.QUEUED, LetterState.SENDING)


def move_campaign(
    campaign_id: int,
    to: CampaignState,
    at: datetime,
    only_from: Collection[CampaignState] = tuple(CampaignState),
    **values: Any,
) -> Campaign:
    """Along CAMPAIGN_MOVES, by compare-and-set. Raises MoveRefused."""
    campaign = campaign_or_404(campaign_id)
    before = campaign.state
    sources = [state for state, moves in CAMPAIGN_MOVES.items() if to in moves and state in only_from]
    moved = session().scalar(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.state.in_(sources))
        .values(state=to, **values)
        .returning(Campaign.id)
        .execution_options(synchronize_session=False)
    )
    if moved is None:
        raise MoveRefused(_("This campaign has moved on in the meantime: reload the page to see where it is."))
    journal.record(f"campaign.{to}", f"campaign:{campaign_id}", at=at, before={"state": before}, after={"state": to})
    session().refresh(campaign)
    return campaign


def _freeze_wordings(campaign: Campaign, at: datetime) -> None:
    """Each step's texts become wordings; each variant has a key of its own, so that equal texts stay apart."""
    texts = [(step, text) for step in steps_of(campaign.id) for text in texts_of(step.id)]
    if not texts:
        raise MoveRefused(_("This campaign has no wording yet: write what its letters say, then start it."))
    for step, text in texts:
        key = occasion(campaign.id, step.position) + ("" if text.variant == "a" else f":{text.variant}")
        text.wording_id = put_wording(key, text.language, text.subject, text.body, at)
    session().flush()


def check_conditions(campaign: Campaign) -> None:
    """Raises MoveRefused for a step that nobody can come to."""
    for step in steps_of(campaign.id):
        if step.only.value in campaign.stops:
            raise MoveRefused(
                _(
                    "Step %(number)s is for those who replied or joined, but that ends their sequence: "
                    "change the step, or what ends it.",
                    number=step.position,
                )
            )


def check_address(campaign: Campaign) -> None:
    """Raises MoveRefused when letters by mail would leave without a postal address."""
    if not programme.required().postal_address and any(s.channel is Channel.MAIL for s in steps_of(campaign.id)):
        raise MoveRefused(
            _("Letters of a campaign need the programme's postal address: set it under Settings, Programme.")
        )


def start(campaign_id: int, at: datetime) -> Campaign:
    """Freezes audience and wordings; a job plans the letters. Raises MoveRefused."""
    campaign = campaign_or_404(campaign_id)
    if CampaignState.RUNNING not in CAMPAIGN_MOVES[campaign.state] or campaign.audience_id is None:
        raise MoveRefused(_("This campaign has started already, or has no audience."))
    check_address(campaign)
    check_conditions(campaign)
    _freeze_wordings(campaign, at)
    list_id = freeze(campaign.audience_id, campaign.name, at)
    set_pace(campaign.origin_id, campaign.pace, campaign.per_day, paused=False, at=at)
    started = move_campaign(campaign_id, CampaignState.RUNNING, at, BEFORE, list_id=list_id, started_at=at)
    plan_again(started, at)
    return started


def plan_again(campaign: Campaign, at: datetime) -> None:
    """A job that plans from the beginning of the frozen list: whoever has a letter already keeps it."""
    campaign.job_id = enqueue(JOB, {"campaign_id": campaign.id}, at=at, by_id=campaign.created_by_id).id
    session().flush()


def pause(campaign_id: int, at: datetime) -> Campaign:
    """Nothing leaves until it goes on, neither by mail nor by hand. Raises MoveRefused."""
    campaign = move_campaign(campaign_id, CampaignState.PAUSED, at, paused_at=at)
    set_pace(campaign.origin_id, campaign.pace, campaign.per_day, paused=True, at=at)
    return campaign


def resume(campaign_id: int, at: datetime) -> Campaign:
    """Goes on at its pace; what the pause has kept back does not leave all at once. Raises MoveRefused."""
    campaign = move_campaign(campaign_id, CampaignState.RUNNING, at, [CampaignState.PAUSED], paused_at=None)
    set_pace(campaign.origin_id, campaign.pace, campaign.per_day, paused=False, at=at)
    return campaign


def set_campaign_pace(campaign_id: int, pace: int | None, per_day: int | None = None, *, at: datetime) -> None:
    """Letters per hour, and a day, from now on; None: no limit. Raises NotUnderstood."""
    check_pace(pace, per_day)
    campaign = campaign_or_404(campaign_id)
    before = {"pace": campaign.pace, "per_day": campaign.per_day}
    campaign.pace, campaign.per_day = pace, per_day
    if campaign.state in (CampaignState.RUNNING, CampaignState.PAUSED):
        set_pace(campaign.origin_id, pace, per_day, paused=campaign.state is CampaignState.PAUSED, at=at)
    session().flush()
    after = {"pace": pace, "per_day": per_day}
    journal.record("campaign.pace", f"campaign:{campaign_id}", at=at, before=before, after=after)


def finish(campaign_id: int, at: datetime) -> Campaign:
    """Ends it for good: letters that have not left are cancelled, also those that a server puts off now or that a
    worker gives back, and nobody waits for a further step. Raises MoveRefused.
    """
    campaign = move_campaign(campaign_id, CampaignState.FINISHED, at, finished_at=at)
    cancelled = stop_leaving(campaign.origin_id, at)
    gone = select(Letter.person_id).where(
        Letter.origin_id == campaign.origin_id, Letter.state == LetterState.CANCELLED, Letter.reason == STOPPED
    )
    lost = and_(Place.state == PlaceState.DONE, Place.person_id.in_(gone))
    waiting = update(Place).where(Place.campaign_id == campaign_id, or_(Place.state == PlaceState.WAITING, lost))
    ended = waiting.values(state=PlaceState.STOPPED, why=CAMPAIGN_STOPPED, due_at=None, moved_at=at)
    waited = session().execute(ended.execution_options(synchronize_session=False, preserve_rowcount=True))
    campaign.stopped = bool(cancelled or cast(Any, waited).rowcount)
    session().flush()
    return campaign


def look_after(at: datetime) -> int:
    """Plans again where the planning was lost, and ends campaigns that have nothing left to do; returns how many."""
    changed = 0
    for campaign in session().scalars(select(Campaign).where(Campaign.state == CampaignState.RUNNING)):
        job = session().get(Job, campaign.job_id) if campaign.job_id is not None else None
        if job is None or job.state in (JobState.FAILED, JobState.CANCELLED):
            plan_again(campaign, at)
            changed += 1
        elif job.state is JobState.DONE and not has_open_letters(campaign) and not has_waiting(campaign):
            move_campaign(campaign.id, CampaignState.FINISHED, at, finished_at=at)
            changed += 1
    return changed


def has_open_letters(campaign: Campaign) -> bool:
    query = exists().where(Letter.origin_id == campaign.origin_id, Letter.state.in_(OPEN_LETTERS))
    return bool(session().scalar(select(query)))


def has_waiting(campaign: Campaign) -> bool:
    """Whether somebody has steps before them."""
    query = exists().where(Place.campaign_id == campaign.id, Place.state == PlaceState.WAITING)
    return bool(session().scalar(select(query)))

"""A campaign is started: now or at a time, with its warnings taken on by name, above a size with a second person."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from flask_babel import force_locale, format_decimal
from flask_babel import gettext as _
from sqlalchemy import select

from campaigns.outreach.actions.running import check_address, check_conditions, move_campaign, start
from campaigns.outreach.models import Campaign, CampaignStep
from campaigns.outreach.queries import campaign_or_404, is_starting, step_of
from campaigns.outreach.queries.preflight import preflight
from campaigns.outreach.rules import START_JOB, CampaignState
from campaigns.outreach.rules.law import Warn
from crm.core import journal, programme
from crm.core.db import session
from crm.core.errors import MoveRefused, NotAllowed, NotUnderstood, Refusal
from crm.core.jobs import Job, enqueue
from crm.core.languages import current_language
from crm.people.models import Person
from crm.people.queries.counting import takes_a_while


class WarningsUnread(NotUnderstood):
    """A warning that nobody has taken on."""


class HasGrown(MoveRefused):
    """More people would get it than were approved."""


WAITING = (CampaignState.APPROVAL, CampaignState.SCHEDULED)


def needs_approval(people: int, above: int) -> bool:
    """Whether so many people need a second person's word; above 0 means: never."""
    return 0 < above < people


def ask_to_start(
    campaign_id: int,
    by_id: int,
    at: datetime,
    *,
    starts_at: datetime | None = None,
    taken_on: Collection[Warn] = (),
    approval_above: int = 0,
) -> Campaign:
    """Starts it, or plans the start, or asks for a second person, whichever is due. `taken_on`: the warnings that the
    person who starts it has weighed. Raises NotUnderstood and MoveRefused.
    """
    campaign, step = _startable(campaign_id, starts_at, at)
    found = preflight(campaign, step, at)
    if not found.gets:
        raise MoveRefused(_("Nobody would get a letter: change the audience, or the way it is written."))
    if set(found.warnings) - set(taken_on):
        raise WarningsUnread(_("Read the warnings, and tick each of them that you take on."))
    campaign.started_by_id, campaign.starts_at, campaign.asked_people = by_id, starts_at, found.gets
    campaign.taken_on = sorted(warn.value for warn in found.warnings)
    session().flush()
    journal.record(
        "campaign.ask_to_start",
        f"campaign:{campaign_id}",
        at=at,
        after={
            "people": found.gets,
            "starts_at": starts_at.isoformat() if starts_at else None,
            "warnings": {warn.value: count for warn, count in found.warnings.items()},
        },
    )
    if needs_approval(found.gets, approval_above):
        return move_campaign(campaign_id, CampaignState.APPROVAL, at, [CampaignState.DRAFT])
    return _begin(campaign_id, starts_at, at)


def _startable(campaign_id: int, starts_at: datetime | None, at: datetime) -> tuple[Campaign, CampaignStep]:
    """With its first step. Raises NotUnderstood and MoveRefused for what is known without looking at anybody."""
    campaign, step = campaign_or_404(campaign_id), step_of(campaign_id)
    if campaign.state is not CampaignState.DRAFT or step is None:
        raise MoveRefused(_("This campaign has started already, or has no wording yet."))
    if starts_at is not None and starts_at <= at:
        raise NotUnderstood(_("This moment has passed: choose a later one, or leave it empty to start now."))
    check_conditions(campaign)
    check_address(campaign)
    return campaign, step


def start_by_job(
    campaign_id: int, by_id: int, at: datetime, *, starts_at: datetime | None = None, taken_on: Collection[Warn] = ()
) -> Campaign:
    """As ask_to_start, for an audience that takes longer to look at than a page may: a worker does it.

    Raises NotUnderstood and MoveRefused; what the worker finds stands in the journal, and on the campaign's page.
    """
    campaign, _step = _startable(campaign_id, starts_at, at)
    if is_starting(campaign):
        raise MoveRefused(_("This campaign is being started already."))
    args = {
        "campaign_id": campaign_id,
        "at": at.isoformat(),
        "starts_at": starts_at.isoformat() if starts_at else None,
        "taken_on": sorted(taken_on),
        "language": current_language(),
    }
    campaign.job_id = enqueue(START_JOB, args, at=at, by_id=by_id).id
    session().flush()
    return campaign


def start_asked(job: Job, approval_above: int) -> None:
    """What a START_JOB asks for. When it comes to nothing the campaign stays a draft, and the journal says why."""
    campaign = campaign_or_404(job.args["campaign_id"])
    if job.by_id is None or campaign.job_id != job.id or campaign.state is not CampaignState.DRAFT:
        return  # somebody was quicker
    at, planned = datetime.fromisoformat(job.args["at"]), job.args["starts_at"]
    starts_at = datetime.fromisoformat(planned) if planned else None
    taken_on = [Warn(one) for one in job.args["taken_on"]]
    by = session().get_one(Person, job.by_id)
    with journal.acting(by.id, by.name), force_locale(job.args["language"]):
        try:
            with session().begin_nested():
                ask_to_start(
                    campaign.id, by.id, at, starts_at=starts_at, taken_on=taken_on, approval_above=approval_above
                )
        except Refusal as refusal:
            _failed(campaign.id, str(refusal), at)


def _begin(campaign_id: int, starts_at: datetime | None, at: datetime) -> Campaign:
    if starts_at is not None and starts_at > at:
        return move_campaign(campaign_id, CampaignState.SCHEDULED, at, [CampaignState.DRAFT])
    return start(campaign_id, at)


def approve(campaign_id: int, by_id: int, at: datetime, people: int | None = None) -> Campaign:
    """A second person lets it go to so many people, and to no more (None: to as many as it was asked for).

    Where everybody takes longer to look at than a page may, the planned start does it. Raises NotAllowed for the one
    who started it, HasGrown, WarningsUnread and MoveRefused.
    """
    campaign = campaign_or_404(campaign_id)
    if campaign.state is not CampaignState.APPROVAL:
        raise MoveRefused(_("This campaign has moved on in the meantime: reload the page to see where it is."))
    if campaign.started_by_id is None or campaign.started_by_id == by_id:
        raise NotAllowed(_("Whoever has started a campaign cannot approve it: ask somebody else."))
    campaign.approved_by_id = by_id
    campaign.asked_people = campaign.asked_people if people is None else people
    session().flush()
    told = {"started_by": campaign.started_by_id, "people": campaign.asked_people}
    journal.record("campaign.approve", f"campaign:{campaign_id}", at=at, after=told)
    if campaign.starts_at is not None and campaign.starts_at > at:
        return move_campaign(campaign_id, CampaignState.SCHEDULED, at, [CampaignState.APPROVAL])
    if takes_a_while():
        return move_campaign(campaign_id, CampaignState.SCHEDULED, at, [CampaignState.APPROVAL], starts_at=at)
    now = _looked_at(campaign, at)
    if now > (campaign.asked_people or 0):
        raise HasGrown(_grown(campaign, now))
    return start(campaign_id, at)


def _looked_at(campaign: Campaign, at: datetime) -> int:
    """To how many people it would go now. Raises WarningsUnread for a kind that was not there when it was asked for."""
    step = step_of(campaign.id)
    if step is None:
        return 0
    found = preflight(campaign, step, at)
    if {warn.value for warn in found.warnings} - set(campaign.taken_on):
        raise WarningsUnread(
            _(
                "There are new warnings since its start was asked for: as a draft, read them, "
                "tick each that you take on, and start it again."
            )
        )
    return found.gets


def _grown(campaign: Campaign, now: int) -> str:
    return str(
        _(
            "It was approved for %(approved)s people, and would go to %(now)s now: look at it again, and approve that.",
            approved=format_decimal(campaign.asked_people or 0),
            now=format_decimal(now),
        )
    )


def take_back(campaign_id: int, at: datetime) -> Campaign:
    """A draft again, before anything has left. Raises MoveRefused."""
    nobody = {"starts_at": None, "started_by_id": None, "approved_by_id": None, "asked_people": None}
    return move_campaign(campaign_id, CampaignState.DRAFT, at, WAITING, **nobody, taken_on=[])


def start_due(at: datetime, approval_above: int = 0) -> int:
    """Starts those whose time has come; returns how many. One that has outgrown what needs no approval, or what was
    approved, asks for it; one that cannot start, or has new warnings, is a draft again. The journal says so.
    """
    due = select(Campaign.id).where(Campaign.state == CampaignState.SCHEDULED, Campaign.starts_at <= at)
    started = 0
    for campaign_id in session().scalars(due.order_by(Campaign.starts_at, Campaign.id)).all():
        with force_locale(programme.required().languages[0]):
            try:
                with session().begin_nested():
                    started += _start_planned(campaign_or_404(campaign_id), at, approval_above)
            except Refusal as refusal:
                take_back(campaign_id, at)
                _failed(campaign_id, str(refusal), at)
    return started


def _start_planned(campaign: Campaign, at: datetime, above: int) -> bool:
    people = _looked_at(campaign, at)
    approved = campaign.approved_by_id is not None
    if not needs_approval(people, above) or (approved and people <= (campaign.asked_people or 0)):
        start(campaign.id, at)
        return True
    why = _grown(campaign, people) if approved else str(_("So many letters need a second person."))
    move_campaign(
        campaign.id,
        CampaignState.APPROVAL,
        at,
        [CampaignState.SCHEDULED],
        approved_by_id=None,
        asked_people=people,
    )
    _failed(campaign.id, why, at)
    return False


def _failed(campaign_id: int, why: str, at: datetime) -> None:
    journal.record("campaign.start_failed", f"campaign:{campaign_id}", at=at, after={"why": why})

"""A campaign before it starts: its name, audience, pace, channel and wordings."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import delete, select

from campaigns.audience.queries import audience_or_404
from campaigns.outreach.models import Campaign, CampaignSender
from campaigns.outreach.queries import campaign_or_404
from campaigns.outreach.rules import ALWAYS_STOPS, MOST_PER_HOUR, CampaignState, Stop
from crm.core import journal
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood, Refusal
from crm.outbox.actions import set_when_uncertain
from crm.outbox.queries import when_uncertain
from crm.outbox.queries.mail_accounts import sender_choices
from crm.outbox.rules import WhenUncertain
from crm.people.actions import make_origin
from crm.people.models import Origin
from crm.people.rules import OriginKind


class NameTaken(Refusal):
    """Another campaign has this name."""


def check_pace(pace: int | None, per_day: int | None) -> None:
    """Raises NotUnderstood."""
    if not all(most is None or 0 < most <= MOST_PER_HOUR for most in (pace, per_day)):
        raise NotUnderstood(_("A pace is a number of letters, 1 or more; leave it empty for no limit."))


def _check(name: str, known_id: int | None) -> None:
    if not name:
        raise NotUnderstood(_("A campaign needs a name."))
    other = session().scalar(select(Campaign.id).where(Campaign.name == name))
    if other is not None and other != known_id:
        raise NameTaken(_("There is a campaign called “%(name)s” already: choose another name.", name=name))


def create_campaign(
    name: str,
    audience_id: int,
    *,
    at: datetime,
    by_id: int | None = None,
    pace: int | None = None,
    per_day: int | None = None,
) -> Campaign:
    """A draft, with the origin that its touches will carry. `pace` is letters per hour.

    Raises NotUnderstood, NameTaken and NotThere.
    """
    name = name.strip()
    _check(name, None)
    check_pace(pace, per_day)
    audience_or_404(audience_id)
    # The origin is found by the campaign's own number, which is known only after the first flush: name it anew then.
    origin_id = make_origin(OriginKind.CAMPAIGN, f"new:{at.isoformat()}:{name}", name)
    made = Campaign(
        name=name,
        audience_id=audience_id,
        origin_id=origin_id,
        pace=pace,
        per_day=per_day,
        created_at=at,
        created_by_id=by_id,
    )
    session().add(made)
    session().flush()
    session().get_one(Origin, origin_id).key = f"campaign:{made.id}"
    session().flush()
    journal.record("campaign.create", f"campaign:{made.id}", at=at, after=_told(made))
    return made


def _told(campaign: Campaign) -> dict[str, object]:
    names = ("name", "audience_id", "pace", "per_day")
    return {name: getattr(campaign, name) for name in names}


def draft_or_refuse(campaign_id: int) -> Campaign:
    """Raises MoveRefused for a campaign that has started: what leaves is frozen then."""
    campaign = campaign_or_404(campaign_id)
    if campaign.state is not CampaignState.DRAFT:
        raise MoveRefused(_("This campaign has started: its audience and wordings cannot be changed any more."))
    return campaign


def edit_campaign(
    campaign_id: int, name: str, audience_id: int, pace: int | None, per_day: int | None = None, *, at: datetime
) -> Campaign:
    campaign = draft_or_refuse(campaign_id)
    name = name.strip()
    _check(name, campaign_id)
    check_pace(pace, per_day)
    audience_or_404(audience_id)
    before = _told(campaign)
    campaign.name, campaign.audience_id = name, audience_id
    campaign.pace, campaign.per_day = pace, per_day
    session().get_one(Origin, campaign.origin_id).title = name
    session().flush()
    journal.record("campaign.edit", f"campaign:{campaign_id}", at=at, before=before, after=_told(campaign))
    return campaign


def set_senders(campaign_id: int, sender_ids: Collection[int], *, at: datetime) -> None:
    """The mailboxes that its letters leave by; none: the server that all share. Raises MoveRefused, NotUnderstood."""
    draft_or_refuse(campaign_id)
    wanted, in_use = set(sender_ids), {number for number, _name in sender_choices()}
    its = CampaignSender.campaign_id == campaign_id
    before = set(session().scalars(select(CampaignSender.sender_id).where(its)))
    if wanted - in_use - before:
        raise NotUnderstood(_("One of these senders is not in use any more: choose again."))
    if wanted == before:
        return
    session().execute(delete(CampaignSender).where(its, CampaignSender.sender_id.not_in(wanted)))
    session().add_all(CampaignSender(campaign_id=campaign_id, sender_id=one) for one in sorted(wanted - before))
    session().flush()
    told = {"senders": sorted(before)}, {"senders": sorted(wanted)}
    journal.record("campaign.senders", f"campaign:{campaign_id}", at=at, before=told[0], after=told[1])


def set_stops(campaign_id: int, stops: set[Stop], *, at: datetime) -> None:
    """What ends a person's sequence; what always does is not asked. Raises MoveRefused."""
    campaign = draft_or_refuse(campaign_id)
    before, campaign.stops = campaign.stops, [stop.value for stop in Stop if stop in stops | ALWAYS_STOPS]
    session().flush()
    subject = f"campaign:{campaign_id}"
    journal.record("campaign.stops", subject, at=at, before={"stops": before}, after={"stops": campaign.stops})


def decide_when_uncertain(campaign_id: int, what: WhenUncertain, *, at: datetime) -> None:
    """What becomes of its letters of which nobody knows whether they arrived. Raises MoveRefused."""
    campaign = draft_or_refuse(campaign_id)
    before = when_uncertain(campaign.origin_id)
    if what is before:
        return
    set_when_uncertain(campaign.origin_id, what)
    told = {"what": before.value}, {"what": what.value}
    journal.record("campaign.when_uncertain", f"campaign:{campaign_id}", at=at, before=told[0], after=told[1])

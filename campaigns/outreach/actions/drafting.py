"""A campaign before it starts: its name, audience, pace, channel and wordings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import delete, select

from campaigns.audience.queries import audience_or_404
from campaigns.outreach.models import Campaign, CampaignStep, StepWording
from campaigns.outreach.queries import campaign_or_404, step_of
from campaigns.outreach.rules import MOST_PER_HOUR, CampaignState
from crm.core import journal
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood, Refusal
from crm.outbox.queries.wordings import check_text
from crm.outbox.rules import Channel
from crm.people.actions import make_origin
from crm.people.models import Origin
from crm.people.rules import OriginKind, is_identity_kind


class NameTaken(Refusal):
    """Another campaign has this name."""


def _check(name: str, pace: int | None, known_id: int | None) -> None:
    if not name:
        raise NotUnderstood(_("A campaign needs a name."))
    if pace is not None and not 0 < pace <= MOST_PER_HOUR:
        raise NotUnderstood(_("The pace is a number of letters per hour, 1 or more; leave it empty for no limit."))
    other = session().scalar(select(Campaign.id).where(Campaign.name == name))
    if other is not None and other != known_id:
        raise NameTaken(_("There is a campaign called “%(name)s” already: choose another name.", name=name))


def create_campaign(
    name: str, audience_id: int, *, at: datetime, by_id: int | None = None, pace: int | None = None
) -> Campaign:
    """A draft, with the origin that its touches will carry. `pace` is letters per hour.

    Raises NotUnderstood, NameTaken and NotThere.
    """
    name = name.strip()
    _check(name, pace, None)
    audience_or_404(audience_id)
    # The origin is found by the campaign's own number, which is known only after the first flush: name it anew then.
    origin_id = make_origin(OriginKind.CAMPAIGN, f"new:{at.isoformat()}:{name}", name)
    made = Campaign(
        name=name, audience_id=audience_id, origin_id=origin_id, pace=pace, created_at=at, created_by_id=by_id
    )
    session().add(made)
    session().flush()
    session().get_one(Origin, origin_id).key = f"campaign:{made.id}"
    session().flush()
    journal.record("campaign.create", f"campaign:{made.id}", at=at, after=_told(made))
    return made


def _told(campaign: Campaign) -> dict[str, object]:
    return {"name": campaign.name, "audience_id": campaign.audience_id, "pace": campaign.pace}


def draft_or_refuse(campaign_id: int) -> Campaign:
    """Raises MoveRefused for a campaign that has started: what leaves is frozen then."""
    campaign = campaign_or_404(campaign_id)
    if campaign.state is not CampaignState.DRAFT:
        raise MoveRefused(_("This campaign has started: its audience and wordings cannot be changed any more."))
    return campaign


def edit_campaign(campaign_id: int, name: str, audience_id: int, pace: int | None, *, at: datetime) -> Campaign:
    campaign = draft_or_refuse(campaign_id)
    name = name.strip()
    _check(name, pace, campaign_id)
    audience_or_404(audience_id)
    before = _told(campaign)
    campaign.name, campaign.audience_id, campaign.pace = name, audience_id, pace
    session().get_one(Origin, campaign.origin_id).title = name
    session().flush()
    journal.record("campaign.edit", f"campaign:{campaign_id}", at=at, before=before, after=_told(campaign))
    return campaign


def set_step(
    campaign_id: int,
    channel: Channel,
    identity_kind: str,
    wordings: Mapping[str, tuple[str, str]],
    sender_id: int | None = None,
    *,
    again: bool = False,
) -> CampaignStep:
    """The campaign's one step. `wordings` has subject and body by language; empty bodies are left away.

    `again` writes also to those whom somebody has written to before. Raises NotUnderstood and MoveRefused.
    """
    campaign = draft_or_refuse(campaign_id)
    kind = "email" if channel is Channel.MAIL else identity_kind
    if not is_identity_kind(kind) or (channel is Channel.HAND and kind == "email"):
        raise NotUnderstood(_("Choose where the message is written: QQ, WeChat, a forum ..."))
    kept = {language: (s.strip(), b.strip()) for language, (s, b) in wordings.items() if b.strip()}
    if not kept:
        raise NotUnderstood(_("Write the text in at least one language."))
    if channel is Channel.MAIL and not all(subject for subject, _body in kept.values()):
        raise NotUnderstood(_("A letter by mail needs a subject in each language."))
    for subject, body in kept.values():
        check_text(subject)
        check_text(body)
    step = step_of(campaign.id) or CampaignStep(campaign_id=campaign.id, position=1)
    step.channel, step.identity_kind, step.sender_id = channel, kind, sender_id
    step.settings = {**(step.settings or {}), "again": again}
    session().add(step)
    session().flush()
    session().execute(delete(StepWording).where(StepWording.step_id == step.id))
    session().add_all(
        StepWording(step_id=step.id, language=language, variant="a", subject=subject, body=body)
        for language, (subject, body) in kept.items()
    )
    session().flush()
    return step

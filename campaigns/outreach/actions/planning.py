"""From the frozen list to letters, in pieces that may be repeated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from campaigns.audience.models import FrozenMember
from campaigns.outreach.models import Campaign, CampaignStep
from campaigns.outreach.queries import campaign_or_404, left_out, step_of, texts_of
from campaigns.outreach.rules import CHUNK, CampaignState, occasion
from crm.core import programme
from crm.core.bulk import among
from crm.core.db import session
from crm.core.tokens import sign, whole_address
from crm.invites.actions import make_invites
from crm.invites.queries import address_of
from crm.outbox.actions import NewLetter, plan_letters
from crm.outbox.queries.wordings import in_language
from crm.outbox.rules import Lane
from crm.people.models import Person
from crm.people.queries import addresses, listed

INVITATION = "invitation"


def invitation_link(campaign_id: int, person_id: int) -> str:
    """A page of ours for this person alone, without writing anything: for previews. Letters carry `invite_links`."""
    return whole_address(f"/i/{sign(INVITATION, [campaign_id, person_id])}")


def invite_links(campaign: Campaign, people: Sequence[tuple[int, str, int | None]], at: datetime) -> dict[int, str]:
    """The short link of each person: (person, variant, sender). Whoever has one from this campaign keeps it."""
    codes = make_invites(campaign.origin_id, people, at)
    return {person_id: address_of(code) for person_id, code in codes.items()}


def called(name: str, kind: str, value: str) -> str:
    """How a letter calls somebody: by name, else as they call themselves where we write to them by hand.

    An address is no name: without one a letter by mail has its wording's fallback, or waits until somebody knows it.
    """
    return name or ("" if kind == "email" else value)


def next_letters(campaign: Campaign, step: CampaignStep, ids: Sequence[int], at: datetime) -> list[NewLetter]:
    """The letters of those among these people who are not left out."""
    out = left_out(campaign, step, ids)
    reached = addresses(ids, step.identity_kind)
    wordings = {text.language: text.wording_id for text in texts_of(step.id) if text.wording_id is not None}
    languages = programme.required().languages
    people = session().execute(
        select(Person.id, Person.name, Person.language).where(among(Person.id, ids), listed()).order_by(Person.id)
    )
    written_to = [one for one in people if one.id not in out]
    links = invite_links(campaign, [(one.id, "", step.sender_id) for one in written_to], at)
    return [
        NewLetter(
            person_id=person_id,
            occasion=occasion(campaign.id, step.position),
            channel=step.channel,
            lane=Lane.CAMPAIGN,
            wording_id=in_language(wordings, language, languages),
            values={
                "name": called(name, step.identity_kind, reached[person_id]),
                "link": links[person_id],
            },
            identity_kind=step.identity_kind,
            identity_value=reached[person_id],
            origin_id=campaign.origin_id,
            sender_id=step.sender_id,
            due_at=at,
        )
        for person_id, name, language in written_to
    ]


def plan(campaign_id: int, at: datetime, *, after: int = 0, limit: int = CHUNK) -> tuple[int, int] | None:
    """Plans the letters of the next people of the frozen list: (the last person, how many letters are new).

    None when there is nobody left, or the campaign has been finished. Doing a piece twice plans nothing twice.
    """
    campaign = campaign_or_404(campaign_id)
    step = step_of(campaign_id)
    if campaign.state in (CampaignState.DRAFT, CampaignState.FINISHED) or step is None:
        return None
    ids = (
        session()
        .scalars(
            select(FrozenMember.person_id)
            .where(FrozenMember.list_id == campaign.list_id, FrozenMember.person_id > after)
            .order_by(FrozenMember.person_id)
            .limit(limit)
        )
        .all()
    )
    if not ids:
        return None
    return ids[-1], plan_letters(next_letters(campaign, step, ids, at), at)

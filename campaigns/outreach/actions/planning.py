"""From the frozen list to letters, in pieces that may be repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Table, select

from campaigns.audience.models import FrozenMember
from campaigns.outreach.models import Campaign, CampaignStep, Place
from campaigns.outreach.queries import left_out, steps_of, texts_of, variants_of
from campaigns.outreach.queries.senders import senders_for
from campaigns.outreach.rules import CHUNK, CampaignState, LeftOut, PlaceState, occasion, variant_of
from crm.core import programme
from crm.core.bulk import among, load
from crm.core.db import session
from crm.invites.actions import make_invites
from crm.invites.queries import address_of
from crm.outbox.actions import NewLetter, plan_letters
from crm.outbox.queries.wordings import in_language
from crm.outbox.rules import Lane
from crm.people.models import Person
from crm.people.queries import addresses, listed

INVITATION = "invitation"
PLACES: Table = Place.__table__  # type: ignore[assignment]  # a declarative class's table is a Table
COLUMNS = ("campaign_id", "person_id", "position", "state", "why", "due_at", "moved_at")


def invite_links(campaign: Campaign, people: Sequence[tuple[int, str, int | None]], at: datetime) -> dict[int, str]:
    """The short link of each person: (person, variant, sender). Whoever has one from this campaign keeps it."""
    codes = make_invites(campaign.origin_id, people, at)
    return {person_id: address_of(code) for person_id, code in codes.items()}


def called(name: str, kind: str, value: str) -> str:
    """How a letter calls somebody: by name, else as they call themselves where we write to them by hand.

    An address is no name: without one a letter by mail has its wording's fallback, or waits until somebody knows it.
    """
    return name or ("" if kind == "email" else value)


def _wordings(step: CampaignStep) -> dict[str, dict[str, int]]:
    """The frozen wordings of each variant, by language."""
    found: dict[str, dict[str, int]] = {}
    for text in texts_of(step.id):
        if text.wording_id is not None:
            found.setdefault(text.variant, {})[text.language] = text.wording_id
    return found


def next_letters(
    campaign: Campaign, step: CampaignStep, ids: Sequence[int], at: datetime, out: Mapping[int, LeftOut]
) -> list[NewLetter]:
    """The letters of those among these people who are not left out (`out`: who is, and why)."""
    reached = addresses(ids, step.identity_kind)
    wordings, shares = _wordings(step), variants_of(step)
    languages = programme.required().languages
    people = session().execute(
        select(Person.id, Person.name, Person.language).where(among(Person.id, ids), listed()).order_by(Person.id)
    )
    written_to = [one for one in people if one.id not in out]
    variants = {one.id: variant_of(campaign.id, one.id, shares) for one in written_to}
    senders = senders_for(campaign, step, variants)
    links = invite_links(campaign, [(one, variant, senders[one]) for one, variant in variants.items()], at)
    return [
        NewLetter(
            person_id=person_id,
            occasion=occasion(campaign.id, step.position),
            channel=step.channel,
            lane=Lane.CAMPAIGN,
            wording_id=in_language(wordings[variants[person_id]], language, languages),
            values={
                "name": called(name, step.identity_kind, reached[person_id]),
                "link": links[person_id],
            },
            identity_kind=step.identity_kind,
            identity_value=reached[person_id],
            origin_id=campaign.origin_id,
            sender_id=senders[person_id],
            due_at=at,
        )
        for person_id, name, language in written_to
    ]


def going(campaign_id: int) -> Campaign | None:
    """The campaign, kept as it is until the commit, if letters may be planned for it: a stop waits for this piece
    and cancels its letters too.
    """
    return session().scalar(
        select(Campaign)
        .where(Campaign.id == campaign_id, Campaign.state.in_((CampaignState.RUNNING, CampaignState.PAUSED)))
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )


def _take_places(campaign: Campaign, ids: Sequence[int], out: Mapping[int, LeftOut], more: bool, at: datetime) -> None:
    waits = PlaceState.WAITING if more else PlaceState.DONE
    rows = (
        (campaign.id, one, 0, PlaceState.LEFT_OUT, out[one].value, None, at)
        if one in out
        else (campaign.id, one, 1, waits, "", at if more else None, at)
        for one in ids
    )
    load(PLACES, COLUMNS, rows, ignore_known=True)


def plan(campaign_id: int, at: datetime, *, after: int = 0, limit: int = CHUNK) -> tuple[int, int] | None:
    """Plans the first step for the next people of the frozen list: (the last person, how many letters are new).

    None when there is nobody left, or the campaign has been finished. Doing a piece twice plans nothing twice.
    """
    campaign, steps = going(campaign_id), steps_of(campaign_id)
    if campaign is None or not steps:
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
    known = set(
        session().scalars(select(Place.person_id).where(Place.campaign_id == campaign_id, among(Place.person_id, ids)))
    )
    fresh = [one for one in ids if one not in known]
    out = left_out(campaign, steps[0], fresh)
    _take_places(campaign, fresh, out, len(steps) > 1, at)
    return ids[-1], plan_letters(next_letters(campaign, steps[0], fresh, at, out), at)

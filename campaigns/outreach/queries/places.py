"""Where people stand in a campaign's sequence, and what has happened to them since it began."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, union

from campaigns.outreach.models import Campaign, Place
from campaigns.outreach.rules import PlaceState, Stop
from crm.accounts.models import Agreement
from crm.core.bulk import among, chunks
from crm.core.db import session
from crm.groups.models import Membership
from crm.invites.queries import opened_of
from crm.outbox.models import Letter, Touch
from crm.outbox.rules import Direction, LetterState, Outcome
from crm.people.models import Person

MANY = 10_000
VERY_MANY = 100_000
NOT_DELIVERED = (LetterState.BOUNCED, LetterState.REFUSED)


def _joined(ids: Sequence[int], since: datetime) -> set[int]:
    into_group = select(Membership.person_id).where(among(Membership.person_id, ids), Membership.joined_at >= since)
    agreed = select(Agreement.person_id).where(among(Agreement.person_id, ids), Agreement.accepted_at >= since)
    return set(session().scalars(union(into_group, agreed)))


def _touched(ids: Sequence[int], since: datetime) -> tuple[set[int], set[int]]:
    """(who replied since then, who has ever refused)."""
    replied_since = (Touch.direction == Direction.IN) & (Touch.outcome == Outcome.REPLIED) & (Touch.at >= since)
    rows = session().execute(
        select(Touch.person_id, Touch.outcome).where(
            among(Touch.person_id, ids), or_(replied_since, Touch.outcome == Outcome.REFUSED)
        )
    )
    replied: set[int] = set()
    refused: set[int] = set()
    for person_id, outcome in rows:
        (refused if outcome is Outcome.REFUSED else replied).add(person_id)
    return replied, refused


def facts_of(campaign: Campaign, ids: Sequence[int]) -> dict[str, set[int]]:
    """Who of these people joined, replied, refused, bounced or opened their link since the campaign began."""
    since = campaign.started_at or campaign.created_at
    replied, refused = _touched(ids, since)
    of_these = among(Letter.person_id, ids)
    bounced = select(Letter.person_id).where(
        of_these, Letter.origin_id == campaign.origin_id, Letter.state.in_(NOT_DELIVERED)
    )
    return {
        Stop.JOINED: _joined(ids, since),
        Stop.REPLIED: replied,
        Stop.REFUSED: refused,
        Stop.BOUNCED: set(session().scalars(bounced)),
        "opened": opened_of(campaign.origin_id, ids),
    }


def stops_of(campaign: Campaign, facts: dict[str, set[int]]) -> dict[int, Stop]:
    """Whose sequence ends, each with the first reason that holds."""
    found: dict[int, Stop] = {}
    for stop in Stop:
        if stop.value in campaign.stops:
            for person_id in facts[stop]:
                found.setdefault(person_id, stop)
    return found


def touched(person_ids: Iterable[int]) -> set[int]:
    """Those of them whom a campaign was for; who was left out of one knows nothing of it."""
    found: set[int] = set()
    for some in chunks(person_ids, MANY):
        meant = select(Place.person_id).where(among(Place.person_id, some), Place.state != PlaceState.LEFT_OUT)
        found.update(session().scalars(meant.distinct()))
    return found


def has_very_many(campaign_id: int) -> bool:
    """Whether so many people stand in it that a page is shown before they are counted for it."""
    beyond = select(Place.person_id).where(Place.campaign_id == campaign_id).offset(VERY_MANY).limit(1)
    return session().scalar(beyond) is not None


def standing(campaign_id: int) -> list[tuple[PlaceState, int, str, int]]:
    """(state, steps passed, why, how many people), for the page that draws the sequence."""
    query = (
        select(Place.state, Place.position, Place.why, func.count())
        .where(Place.campaign_id == campaign_id)
        .group_by(Place.state, Place.position, Place.why)
        .order_by(Place.position, Place.why)
    )
    return [(row[0], row[1], row[2], row[3]) for row in session().execute(query)]


def places_page(
    campaign_id: int, state: PlaceState, position: int | None, why: str | None, after: int, limit: int
) -> Sequence[Any]:
    """The next who stand there, (place, person), by their numbers."""
    query = (
        select(Place, Person)
        .join(Person, Person.id == Place.person_id)
        .where(Place.campaign_id == campaign_id, Place.state == state, Place.person_id > after)
    )
    if position is not None:
        query = query.where(Place.position == position)
    if why is not None:
        query = query.where(Place.why == why)
    return session().execute(query.order_by(Place.person_id).limit(limit)).all()

"""What a person's page asks across rooms."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.offers import Event, offers
from crm.core.restand import Restand
from crm.funnel.models import Standing
from crm.funnel.rules import Stage
from crm.outbox.models import Contact
from crm.people.identities import TIDY, home_region, parse
from crm.people.queries import ids_by_identities


def known_by(text: str) -> int | None:
    """The one person of whom this text is a whole identity, however it is written; None when nobody or several are."""
    region = home_region()
    pairs = {(kind, value) for kind, tidy in TIDY.items() if (value := tidy(text, region))}
    if ":" in text:
        try:
            pairs.add(parse(text, region))
        except NotUnderstood:
            return None
    people = set(ids_by_identities(pairs).values())
    return people.pop() if len(people) == 1 else None


def needs_settling(person_id: int) -> bool:
    """Whether something happened to this person that the funnel has not looked at yet."""
    return session().scalar(select(Restand.person_id).where(Restand.person_id == person_id)) is not None


def stage_of(person_id: int) -> Stage:
    return session().scalar(select(Standing.stage).where(Standing.person_id == person_id)) or Stage.PROSPECT


def waits_since(person_id: int) -> datetime | None:
    """Since when they wait for our answer."""
    return session().scalar(select(Contact.waiting_since).where(Contact.person_id == person_id))


def merged_timeline(person_id: int, before: datetime | None, limit: int) -> tuple[list[Event], datetime | None]:
    """The newest events of all rooms before that moment, and the moment before which the next page begins."""
    found = [
        event for room in offers() if room.timeline is not None for event in room.timeline(person_id, before, limit + 1)
    ]
    found.sort(key=lambda event: event.at, reverse=True)
    if len(found) <= limit:
        return found, None
    shown = found[:limit]
    # Everything of one moment stays on one page: the next begins before it.
    last = shown[-1].at
    same = [event for event in found[limit:] if event.at == last]
    more = len(found) > limit + len(same)
    return [*shown, *same], last if more else None

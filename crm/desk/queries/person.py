"""What a person's page asks across rooms."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, select

from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.offers import Event, offers
from crm.core.restand import Restand, due
from crm.funnel.models import Standing
from crm.outbox.models import Contact
from crm.people.identities import TIDY, home_region, parse
from crm.people.models import Person
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


def stands_and_waits(person_id: int, at: datetime) -> tuple[Standing | None, datetime | None, bool]:
    """Where they stand, since when they wait for our answer, and whether the funnel has news to look at by now."""
    found = (
        session()
        .execute(
            select(Standing, Contact.waiting_since, Restand.person_id)
            .select_from(Person)
            .outerjoin(Standing, Standing.person_id == Person.id)
            .outerjoin(Contact, Contact.person_id == Person.id)
            .outerjoin(Restand, and_(Restand.person_id == Person.id, due(at)))
            .where(Person.id == person_id)
        )
        .one()
    )
    return found[0], found[1], found[2] is not None


def merged_timeline(person_id: int, before: datetime | None, limit: int) -> tuple[list[Event], datetime | None]:
    """About `limit` newest events of all rooms before that moment, and the moment before which the next page begins.

    Everything of one moment stands on one page, so that paging by moments loses nothing.
    """
    asked = limit + 1
    rooms = [room.timeline(person_id, before, asked) for room in offers() if room.timeline is not None]
    # A room that answered in full may have more of its oldest moment: only what is newer is complete.
    floors = [min(event.at for event in events) for events in rooms if len(events) >= asked]
    floor = max(floors, default=None)
    known = [event for events in rooms for event in events if floor is None or event.at > floor]
    known.sort(key=lambda event: event.at, reverse=True)
    if len(known) > limit:
        cut = known[limit - 1].at
        shown = [event for event in known if event.at >= cut]
        return shown, cut if floor is not None or len(shown) < len(known) else None
    if floor is None:
        return known, None
    if not known:
        return merged_timeline(person_id, before, limit * 4)
    return known, floor + timedelta(microseconds=1)

"""Places in groups: asked for, held, offered to who waits, lapsed.

Whoever gives a place holds the group's row (`hold`) and counts anew under it, so that of two who ask for the last
place at once one gets it; a place then moves by compare-and-set.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Table, update

from crm.core import programme
from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.core.languages import LANGUAGES
from crm.groups.actions.groups import hold
from crm.groups.models import Place
from crm.groups.queries import Filling, fillings, lapsed_places, next_waiting, place_of, waiting_count
from crm.groups.rules import PLACE_HELD, PlaceState
from crm.invites.models import Invite
from crm.invites.queries import address_of
from crm.outbox.actions import put_wording, write_letter
from crm.outbox.rules import Lane
from crm.people.models import Person

PLACE = cast(Table, Place.__table__)
TEXTS = Path(__file__).resolve().parents[1] / "templates" / "groups" / "letters"
WORDING = "groups.place_open"
AT_ONCE = 200
"""Places given in one run of the task; the next run goes on."""


def _filling(group_id: int) -> Filling | None:
    """The group's places now, its row held. None when it has none, or was closed meanwhile."""
    hold(group_id)
    found = fillings(group_id)
    return found[0] if found and found[0].free else None


def ask_place(person_id: int, *, at: datetime, invite_id: int | None = None) -> Place:
    """The place that this person has or waits for; else one is held in the first group with a place left, else they
    go to the end of the waiting list. Nobody overtakes who waits.
    """
    running = place_of(person_id)
    if running is not None:
        return running
    row: dict[str, Any] = {"person_id": person_id, "invite_id": invite_id, "asked_at": at, "told": True}
    free = None if waiting_count() else next((one for one in fillings() if one.free and _filling(one.group.id)), None)
    if free is not None:
        row |= {"state": PlaceState.HELD, "group_id": free.group.id, "held_until": at + PLACE_HELD}
    else:
        row |= {"state": PlaceState.WAITING}
    insert_or_pass(PLACE, [row])
    made = place_of(person_id)
    if made is None:
        raise LookupError("a place that was just asked for is gone")
    return made


def _move(place_id: int, source: PlaceState, **values: Any) -> bool:
    moved = session().scalar(
        update(Place)
        .where(Place.id == place_id, Place.state == source)
        .values(**values)
        .returning(Place.id)
        .execution_options(synchronize_session=False)
    )
    return moved is not None


def give_places(at: datetime) -> int:
    """Ends held places whose time is over, then gives free ones to who waits, in their order; returns how many."""
    for place_id in lapsed_places(at):
        _move(place_id, PlaceState.HELD, state=PlaceState.LAPSED, ended_at=at)
    given = 0
    for group_id in [one.group.id for one in fillings() if one.free]:
        while given < AT_ONCE and (first := next_waiting()) is not None and _filling(group_id) is not None:
            until = at + PLACE_HELD
            if _move(first.id, PlaceState.WAITING, state=PlaceState.HELD, group_id=group_id, held_until=until):
                _tell(first, until, at)
                given += 1
    return given


def _tell(place: Place, until: datetime, at: datetime) -> None:
    """A letter that a place is theirs until then. Who has no address is shown to staff on Home."""
    person = session().get_one(Person, place.person_id)
    invite = session().get(Invite, place.invite_id) if place.invite_id is not None else None
    for language in LANGUAGES:
        put_wording(WORDING, language, *_text_of(language), at)
    values = {
        "name": person.shown,
        "programme": programme.required().name,
        "link": address_of(invite.code) if invite is not None else "",
    }
    occasion = f"{WORDING}:{place.id}"
    letter = write_letter(person.id, occasion, WORDING, values, lane=Lane.NOTICE, at=at, expires_at=until)
    if letter is None:
        session().execute(update(Place).where(Place.id == place.id).values(told=False))


@lru_cache(maxsize=8)
def _text_of(language: str) -> tuple[str, str]:
    """Subject and body."""
    subject, _blank, body = (TEXTS / f"place_open.{language}.txt").read_text("utf-8").split("\n", 2)
    return subject, body

"""What invite links show and do for other rooms."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Table, exists

from crm.core.guards import May
from crm.core.offers import Condition, Event, Owned, Panel, RoomOffers
from crm.invites.models import Invite
from crm.invites.queries import invites_of, shown
from crm.people.models import Person

FEW, MANY = 2, 500


def _opened(_value: str, _at: datetime) -> ColumnElement[bool]:
    return exists().where(Invite.person_id == Person.id, Invite.first_opened_at.is_not(None))


def timeline(person_id: int, before: datetime | None, limit: int) -> list[Event]:
    found = []
    for invite, title in invites_of(person_id, MANY):
        if invite.first_opened_at is not None:
            found.append(Event(invite.first_opened_at, "opened_invite", _("Opened the invite link"), detail=title))
        if invite.said_joined_at is not None:
            found.append(Event(invite.said_joined_at, "said_joined", _("Says: I have joined the group"), detail=title))
    wanted = [event for event in found if before is None or event.at < before]
    return sorted(wanted, key=lambda event: event.at, reverse=True)[:limit]


def person_panel(person_id: int, _at: datetime) -> dict[str, Any] | None:
    """The newest links, each with its code to be scanned from the screen."""
    found = [shown(invite, title) for invite, title in invites_of(person_id, FEW)]
    return {"invites": found} if found else None


OFFERS = RoomOffers(
    room="invites",
    owned=(Owned(cast(Table, Invite.__table__), private=frozenset({"code"})),),
    timeline=timeline,
    conditions=(Condition("opened_invite", _l("opened the invite link"), "yes", _opened),),
    person=(Panel("invites", "invites/_person.html", person_panel, order=44, may=May.OUTREACH),),
)

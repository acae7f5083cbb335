"""What groups show and do for other rooms."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Table, exists

from crm.core.errors import NotUnderstood
from crm.core.guards import May
from crm.core.offers import Condition, Event, NavItem, Owned, Panel, RoomOffers
from crm.groups.models import MemberList, Membership, Place
from crm.groups.queries import concerns, open_groups, stays_of
from crm.people.models import Person

FEW, MANY = 5, 500


def _in_group(value: str, _at: datetime) -> ColumnElement[bool]:
    if not value.isdecimal() or len(value) > 9:
        raise NotUnderstood(_("There is no such group."))
    return exists().where(
        Membership.group_id == int(value), Membership.person_id == Person.id, Membership.left_at.is_(None)
    )


def _choices() -> list[tuple[str, str]]:
    return [(str(group.id), group.name) for group in open_groups()]


def timeline(person_id: int, before: datetime | None, limit: int) -> list[Event]:
    found = []
    for group, stay in stays_of(person_id, MANY):
        url = url_for("groups.show", group_id=group.id)
        if stay.left_at is not None:
            found.append(Event(stay.left_at, "left_group", _("Left %(group)s", group=group.name), url=url))
        found.append(Event(stay.joined_at, "joined_group", _("Joined %(group)s", group=group.name), url=url))
    wanted = [event for event in found if before is None or event.at < before]
    return sorted(wanted, key=lambda event: event.at, reverse=True)[:limit]


def person_panel(person_id: int, _at: datetime) -> dict[str, Any] | None:
    stays = stays_of(person_id, FEW)
    return {"stays": stays} if stays else None


def home_panel(_viewer_id: int, _at: datetime) -> dict[str, Any] | None:
    """Groups at 90 % of their places and more, who waits, who must be told by hand, rooms that cannot be read."""
    found = concerns()
    nearly = [one for one in found.filling if one.is_nearly_full]
    if not (nearly or found.troubles or found.waiting or found.untold):
        return None
    return {
        "found": found,
        "nearly": [one for one in nearly if one.free],
        "full": [one for one in nearly if not one.free],
        "next": next((one for one in found.filling if one.free), None),
    }


OFFERS = RoomOffers(
    room="groups",
    owned=(
        Owned(cast(Table, Membership.__table__)),
        Owned(cast(Table, Place.__table__)),
        Owned(cast(Table, MemberList.__table__), "by_id", forget="keep", exported=False),
    ),
    timeline=timeline,
    conditions=(Condition("group", _l("is in the group"), "choice", _in_group, _choices),),
    person=(Panel("groups", "groups/_person.html", person_panel, order=45),),
    home=(Panel("groups", "groups/_home.html", home_panel, order=16, may=May.GROUPS),),
    navigation=(NavItem(_l("Groups"), "groups.listing", May.GROUPS, order=36, section=_l("Outreach")),),
)

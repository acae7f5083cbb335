"""What F-codes show and do for other rooms."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy import ColumnElement, Table, exists, select, update

from crm.core.db import session
from crm.core.guards import May, viewer
from crm.core.offers import Condition, Event, NavItem, Owned, Panel, RoomOffers
from crm.fcodes.forms import STATES, TONES
from crm.fcodes.models import FCode
from crm.fcodes.queries import codes_of, name_of, redeemed_code, touched
from crm.fcodes.rules import CodeState, grouped, state_of
from crm.people.models import Person

FEW = 10
FCODE = cast(Table, FCode.__table__)


def _came_by_one(_value: str, _at: datetime) -> ColumnElement[bool]:
    return exists().where(FCode.redeemed_by_id == Person.id)


def _brought_somebody(_value: str, _at: datetime) -> ColumnElement[bool]:
    return exists().where(FCode.giver_id == Person.id, FCode.redeemed_at.is_not(None))


def _has_codes(_value: str, at: datetime) -> ColumnElement[bool]:
    return exists().where(
        FCode.giver_id == Person.id, FCode.redeemed_at.is_(None), FCode.revoked_at.is_(None), FCode.expires_at > at
    )


def timeline(person_id: int, before: datetime | None, limit: int) -> list[Event]:
    """Codes that a person was given (one line for all of one moment), that a friend redeemed, or that brought them."""
    found = []
    given = select(FCode.issued_at).where(FCode.giver_id == person_id).distinct()
    brought = select(FCode.redeemed_at).where(FCode.giver_id == person_id, FCode.redeemed_at.is_not(None))
    came = select(FCode.redeemed_at).where(FCode.redeemed_by_id == person_id)
    for text, query, moment in (
        (_("Was given F-codes for friends"), given, FCode.issued_at),
        (_("A friend redeemed their F-code"), brought, FCode.redeemed_at),
        (_("Redeemed an F-code"), came, FCode.redeemed_at),
    ):
        asked: Any = query if before is None else query.where(moment < before)
        found += [Event(at, "fcode", text) for at in session().scalars(asked.order_by(moment.desc()).limit(limit))]
    return sorted(found, key=lambda event: event.at, reverse=True)[:limit]


def person_panel(person_id: int, at: datetime) -> dict[str, Any] | None:
    came_by = redeemed_code(person_id)
    codes = [_told(code, friend, at) for code, friend in codes_of(person_id, FEW)]
    may_give = viewer().may(May.FCODES)
    if not (codes or came_by or may_give):
        return None
    giver = name_of(came_by.giver_id) if came_by else ""
    return {"person_id": person_id, "codes": codes, "came_by": came_by, "giver": giver, "may_give": may_give}


def _told(code: FCode, friend: str | None, at: datetime) -> dict[str, Any]:
    state = state_of(code.expires_at, code.redeemed_at, code.revoked_at, at)
    return {
        "code": grouped(code.code),
        "label": STATES[state],
        "tone": TONES[state],
        "friend_id": code.redeemed_by_id,
        "friend": friend,
    }


def tester_panel(person_id: int, at: datetime) -> dict[str, Any] | None:
    """Only for who has something to give away."""
    states = [state_of(code.expires_at, code.redeemed_at, code.revoked_at, at) for code, _name in codes_of(person_id)]
    ready = states.count(CodeState.READY)
    return {"ready": ready} if ready else None


def forget(person_id: int, at: datetime) -> None:
    """Codes that a forgotten person could still give end. The others keep their numbers, which name nobody."""
    session().execute(
        update(FCode)
        .where(FCode.giver_id == person_id, FCode.redeemed_at.is_(None), FCode.revoked_at.is_(None))
        .values(revoked_at=at)
    )


OFFERS = RoomOffers(
    room="fcodes",
    owned=(
        Owned(FCODE, "giver_id", forget="keep", private=frozenset({"redeemed_by_id"})),
        Owned(FCODE, "redeemed_by_id", forget="keep", private=frozenset({"giver_id", "issued_by_id"})),
        Owned(FCODE, "issued_by_id", forget="keep", exported=False),
    ),
    forget=forget,
    touched=touched,
    timeline=timeline,
    conditions=(
        Condition("came_by_fcode", _l("came by an F-code"), "yes", _came_by_one),
        Condition("brought_by_fcode", _l("brought somebody by an F-code"), "yes", _brought_somebody),
        Condition("has_fcodes", _l("has F-codes to give away"), "yes", _has_codes),
    ),
    person=(Panel("fcodes", "fcodes/_person.html", person_panel, order=60),),
    tester=(Panel("fcodes", "fcodes/_mine.html", tester_panel, order=40),),
    navigation=(
        NavItem(_l("Friends"), "fcodes.friends", for_testers=True, order=30),
        NavItem(_l("F-codes"), "fcodes.codes", may=May.FCODES, order=24, section=lazy_pgettext("navigation", "People")),
    ),
)

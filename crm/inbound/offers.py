"""What comes in, for other rooms: a person's timeline and panel, merge, export and forget."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Table, update

from crm.core.db import session
from crm.core.guards import May, door
from crm.core.offers import Event, NavItem, Owned, Panel, RoomOffers
from crm.inbound.models import Incoming, MailAnswer
from crm.inbound.queries import answers_on_their_way, events_of, last_reply_of
from crm.inbound.rules import IncomingKind
from crm.people.queries import identities_of

EMPTY: dict[str, Any] = {
    "from_address": "", "subject": "", "message_id": "", "thread": "", "status": "", "text": "", "quoted": "",
}  # fmt: skip


def timeline(person_id: int, before: datetime | None, limit: int) -> list[Event]:
    """What makes no touch: automatic answers, and mail that came back for now."""
    told = {
        IncomingKind.AUTO_REPLY: _("An automatic answer came"),
        IncomingKind.SOFT_BOUNCE: _("Mail to them came back for now"),
        IncomingKind.DELAYED: _("Mail to them is delayed"),
    }
    return [
        Event(one.at, "incoming", told[one.kind], one.text[:500], door("inbound.one_incoming", incoming_id=one.id))
        for one in events_of(person_id, before, limit)
    ]


def _person_panel(person_id: int, _at: datetime) -> dict[str, Any] | None:
    mail = last_reply_of(person_id)
    if mail is None:
        return None
    return {"mail": mail, "leaving": answers_on_their_way(person_id), "person_id": person_id}


def _forget(person_id: int, _at: datetime) -> None:
    """Also what came from their addresses while nobody knew whose they were."""
    theirs = [value for _person, kind, value in identities_of([person_id]) if kind == "email"]
    if theirs:
        session().execute(update(Incoming).where(Incoming.from_address.in_(theirs)).values(EMPTY))


OFFERS = RoomOffers(
    room="inbound",
    owned=(
        Owned(
            cast(Table, Incoming.__table__), forget="empty", emptied=EMPTY, private=frozenset({"fingerprint", "key"})
        ),
        Owned(cast(Table, MailAnswer.__table__), "staff_id", forget="keep", exported=False),
    ),
    forget=_forget,
    timeline=timeline,
    person=(Panel("last_mail", "inbound/_person.html", _person_panel, order=21, may=May.OUTREACH),),
    navigation=(NavItem(_l("What came in"), "inbound.incoming", May.OUTREACH, order=35, section=_l("Outreach")),),
    settings=(
        NavItem(_l("Mailboxes"), "inbound.mailbox_list", May.SETTINGS, order=60),
        NavItem(_l("Bounces"), "inbound.limits_page", May.SETTINGS, order=61),
    ),
)

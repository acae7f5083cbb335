"""What the outbox does and shows for other rooms."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy import ColumnElement, Table, exists

from crm.core.errors import NotUnderstood
from crm.core.guards import May, door
from crm.core.offers import Condition, Event, NavItem, Owned, Panel, RoomOffers, Rows
from crm.core.owned import export_rows
from crm.outbox.actions import cancel_letters_to, derive
from crm.outbox.models import (
    AccountUser,
    CampaignRefusal,
    Contact,
    HandRecord,
    Letter,
    SeedingPost,
    Touch,
    WritingAs,
)
from crm.outbox.queries import contact_of, count_uncertain, count_waiting, count_waiting_to_leave, waiting
from crm.outbox.queries.history import letters_without_touch, touches_of
from crm.outbox.queries.leaving import obstacle
from crm.outbox.queries.words import STATES, reason_word, told
from crm.outbox.rules import Lane, Outcome
from crm.people.models import Person

MOST_DAYS = 36_500
FEW = 5


def _days(value: str) -> timedelta:
    if not value.isdecimal() or len(value) > 5 or int(value) > MOST_DAYS:
        raise NotUnderstood(_("Write a whole number of days."))
    return timedelta(days=int(value))


def _contact(holds: ColumnElement[bool], *, none: bool = False) -> Rows:
    return Rows(Contact.person_id, holds, none=none, each=True)


def _quiet_for(value: str, at: datetime) -> Rows:
    return _contact(Contact.last_touch_at < at - _days(value))


def _touched_within(value: str, at: datetime) -> Rows:
    return _contact(Contact.last_touch_at >= at - _days(value))


def _never(_value: str, _at: datetime) -> Rows:
    return _contact(Contact.first_sent_at.is_not(None), none=True)


def _contacted(_value: str, _at: datetime) -> Rows:
    return _contact(Contact.first_sent_at.is_not(None))


def _waits(_value: str, _at: datetime) -> Rows:
    return _contact(Contact.waiting_since.is_not(None))


def _replied(_value: str, _at: datetime) -> ColumnElement[bool]:
    return exists().where(Touch.person_id == Person.id, Touch.outcome == Outcome.REPLIED)


CONDITIONS = (
    Condition("quiet_days", _l("last touch more than so many days ago"), "days", _quiet_for),
    Condition("touched_days", _l("touched within so many days"), "days", _touched_within),
    Condition("never_contacted", _l("never contacted"), "yes", _never),
    Condition("contacted", _l("contacted"), "yes", _contacted),
    Condition("waiting", _l("waiting for our answer"), "yes", _waits),
    Condition("replied", _l("has written to us"), "yes", _replied),
)


def timeline(person_id: int, before: datetime | None, limit: int) -> list[Event]:
    found = []
    for touch, by, subject in touches_of(person_id, before, limit):
        url = door("outbox.letter", letter_id=touch.letter_id) if touch.letter_id is not None else None
        detail = touch.body or subject or ""
        found.append(Event(touch.at, f"touch_{touch.direction}", told(touch), detail, url, by or ""))
    for letter, at, subject in letters_without_touch(person_id, before, limit):
        text = _("Letter: %(state)s", state=STATES[letter.state])
        detail = " · ".join(part for part in (subject, reason_word(letter.reason)) if part)
        found.append(Event(at, "letter", text, detail, door("outbox.letter", letter_id=letter.id)))
    return sorted(found, key=lambda event: event.at, reverse=True)[:limit]


def _merged(keep_id: int, lose_id: int, _at: datetime) -> None:
    derive([keep_id, lose_id])


def _unmerged(keep_id: int, lose_id: int, _moved: Any, _at: datetime) -> None:
    derive([keep_id, lose_id])


def _forget(person_id: int, at: datetime) -> None:
    cancel_letters_to([person_id], at, "forgotten", also_asked=True)


def _waiting_panel(_viewer_id: int, _at: datetime) -> dict[str, Any] | None:
    count = count_waiting()
    return {"count": count, "people": waiting(None, FEW).rows} if count else None


def _uncertain_panel(_viewer_id: int, _at: datetime) -> dict[str, Any] | None:
    count = count_uncertain()
    return {"count": count} if count else None


def _none_leaves_panel(_viewer_id: int, _at: datetime) -> dict[str, Any] | None:
    """On Home, when letters wait that cannot leave."""
    why = obstacle()
    count = count_waiting_to_leave() if why not in ("", "rehearsal") else 0
    return {"count": count, "obstacle": why} if count else None


def _person_panel(person_id: int, _at: datetime) -> dict[str, Any] | None:
    return {"contact": contact_of(person_id), "person_id": person_id}


def _owned(model: Any, column: str = "person_id", **more: Any) -> Owned:
    return Owned(cast(Table, model.__table__), column, **more)


HAND_PRIVATE = frozenset({"staff_id", "sender_id", "before"})
LETTERS = _owned(
    Letter,
    forget="empty",
    emptied={"values": None, "identity_value": "", "reason": None},
    private=frozenset({"held_by_id", "lease_until"}),
)


def _exported(person_id: int) -> dict[str, Any]:
    """Letters without what those that were asked for say: it may be a link that signs in whoever holds the copy."""
    found = export_rows([LETTERS], person_id)
    for row in found.get(Letter.__tablename__, ()):
        if row["lane"] == Lane.ASKED:
            row["values"] = None
    return found


OFFERS = RoomOffers(
    room="outbox",
    owned=(
        _owned(Touch, forget="empty", emptied={"body": None}, private=frozenset({"staff_id"})),
        _owned(Touch, "staff_id", forget="keep", exported=False),
        LETTERS,
        _owned(Letter, "held_by_id", forget="keep", exported=False),
        _owned(Contact, forget="keep"),
        _owned(HandRecord, forget="empty", emptied={"text": None, "before": {}}, private=HAND_PRIVATE),
        _owned(HandRecord, "staff_id", forget="keep", exported=False),
        _owned(AccountUser, exported=False),
        _owned(WritingAs, "staff_id", exported=False),
        _owned(SeedingPost, "by_id", forget="keep", exported=False),
        _owned(CampaignRefusal, forget="empty", emptied={"why": ""}),
    ),
    merge=_merged,
    unmerge=_unmerged,
    forget=_forget,
    export=_exported,
    touched=None,
    timeline=timeline,
    conditions=CONDITIONS,
    home=(
        Panel("none_leaves", "outbox/_none_leaves.html", _none_leaves_panel, order=11, may=May.OUTREACH),
        Panel("waiting", "outbox/_waiting.html", _waiting_panel, order=10, may=May.SEE),
        Panel("uncertain", "outbox/_uncertain.html", _uncertain_panel, order=12, may=May.OUTREACH),
    ),
    person=(Panel("contact", "outbox/_person.html", _person_panel, order=20),),
    navigation=(
        NavItem(_l("Letters"), "outbox.letters", May.OUTREACH, order=34, section=_l("Outreach")),
        NavItem(
            lazy_pgettext("outreach", "Accounts"),
            "outbox.accounts_page",
            May.OUTREACH,
            order=36,
            section=_l("Outreach"),
        ),
    ),
    settings=(
        NavItem(_l("Sending"), "outbox.sending", May.SETTINGS, order=35),
        NavItem(_l("Senders"), "outbox.senders", May.SETTINGS, order=34),
        NavItem(_l("Signing letters"), "outbox.domains", May.SETTINGS, order=36),
    ),
)

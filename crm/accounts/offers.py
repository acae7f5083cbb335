"""What this room does and shows for others."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from flask_babel import gettext, lazy_gettext
from sqlalchemy import ColumnElement, Table, exists, select

from crm.accounts.models import (
    AccountLink,
    Agreement,
    ApiToken,
    Credential,
    RecoveryCode,
    SignInSession,
    StaffRole,
)
from crm.accounts.queries import agreements_of, credential_of, running_agreement
from crm.core.bulk import chunks
from crm.core.db import Model, session
from crm.core.errors import NotUnderstood
from crm.core.guards import May
from crm.core.offers import Condition, Event, NavItem, Owned, Panel, RoomOffers
from crm.people.models import Person
from crm.people.queries import suppressed

CHUNK = 5000


def _table(model: type[Model]) -> Table:
    return cast(Table, model.__table__)


OWNED = (
    Owned(_table(RecoveryCode), exported=False),
    Owned(_table(StaffRole)),
    Owned(_table(Credential), private=frozenset({"password_hash", "totp_secret", "totp_last_used"})),
    Owned(_table(SignInSession), private=frozenset({"digest"})),
    Owned(_table(AccountLink), exported=False),
    Owned(_table(ApiToken), private=frozenset({"digest"})),
    Owned(_table(Agreement), forget="empty", emptied={"end_reason": None}),
)


def _running() -> ColumnElement[bool]:
    return exists(select(1).where(Agreement.person_id == Person.id, Agreement.ended_at.is_(None)))


def _is_tester(value: str, _at: datetime) -> ColumnElement[bool]:
    if value not in ("", "yes", "no"):
        raise NotUnderstood(gettext("Choose yes or no."))
    return ~_running() if value == "no" else _running() & Person.is_staff.is_(False)


def _agreement(value: str, _at: datetime) -> ColumnElement[bool]:
    ever = exists(select(1).where(Agreement.person_id == Person.id))
    if value == "running":
        return _running()
    if value == "ended":
        return ever & ~_running()
    if value == "never":
        return ~ever
    raise NotUnderstood(gettext("Choose running, ended or never."))


CONDITIONS = (
    Condition(
        "tester",
        lazy_gettext("is a tester"),
        "choice",
        _is_tester,
        lambda: [("yes", gettext("yes")), ("no", gettext("no"))],
    ),
    Condition(
        "agreement",
        lazy_gettext("tester agreement"),
        "choice",
        _agreement,
        lambda: [("running", gettext("running")), ("ended", gettext("ended")), ("never", gettext("never accepted"))],
    ),
)


def timeline(person_id: int, before: datetime | None, limit: int) -> list[Event]:
    """The newest `limit` events before that moment."""
    events = []
    for agreement in agreements_of(person_id):
        text = gettext("Accepted the tester agreement, version %(version)s", version=agreement.version)
        events.append(Event(agreement.accepted_at, "agreement", text))
        if agreement.ended_at is not None:
            detail = agreement.end_reason or ""
            events.append(Event(agreement.ended_at, "agreement", gettext("Left the programme"), detail=detail))
    earlier = [event for event in events if before is None or event.at < before]
    return sorted(earlier, key=lambda event: event.at, reverse=True)[:limit]


def touched(person_ids: Iterable[int]) -> set[int]:
    """Who has accepted an agreement or has an account: an import is not undone under them."""
    found: set[int] = set()
    for chunk in chunks(person_ids, CHUNK):
        for column in (Agreement.person_id, Credential.person_id):
            found |= set(session().scalars(select(column).where(column.in_(chunk))))
    return found


def _person_panel(person_id: int, _at: datetime) -> dict[str, Any] | None:
    """Nothing for staff: they get builds in their own wave."""
    credential = credential_of(person_id)
    if credential is not None and credential.disabled_at is None:
        return None
    unreached = bool(suppressed([person_id]))
    left_alone = unreached and bool(suppressed([person_id], None))
    return {
        "agreement": running_agreement(person_id),
        "invited_id": person_id,
        "left_alone": left_alone,
        "comes_back": unreached and not left_alone,
    }


OFFERS = RoomOffers(
    room="accounts",
    owned=OWNED,
    touched=touched,
    timeline=timeline,
    conditions=CONDITIONS,
    person=(Panel("agreement", "accounts/_person_panel.html", _person_panel, order=70, may=May.PEOPLE),),
    navigation=(NavItem(lazy_gettext("Settings"), "accounts.settings", May.SEE, order=90),),
)

"""What the boot screen shows and does for other rooms."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from flask_babel import format_date, lazy_gettext, pgettext
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Table, exists, select

from campaigns.credits.actions import forget_names
from campaigns.credits.models import Consent, ConsentAsk, ConsentRound, Edition, EditionName
from campaigns.credits.queries import appearances, asked_of, consent_of, rounds, withdrawn_at
from campaigns.credits.rules import ConsentAnswer
from crm.accounts.queries import is_tester
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.guards import May
from crm.core.offers import Condition, Event, NavItem, Owned, Panel, RoomOffers
from crm.people.models import Person

UNANSWERED = "unanswered"
ANY = "any"
CONSENT = cast(Table, Consent.__table__)
CONSENT_ASK = cast(Table, ConsentAsk.__table__)
CONSENT_ROUND = cast(Table, ConsentRound.__table__)
EDITION = cast(Table, Edition.__table__)
EDITION_NAME = cast(Table, EditionName.__table__)


def _consent(value: str, _at: datetime) -> ColumnElement[bool]:
    if value == UNANSWERED:
        return ~exists().where(Consent.person_id == Person.id)
    if value not in set(ConsentAnswer):
        raise NotUnderstood(_("“%(value)s” is no answer: choose yes, no or not answered.", value=value))
    return Person.id.in_(select(Consent.person_id).where(Consent.answer == ConsentAnswer(value)))


def _edition(value: str, _at: datetime) -> ColumnElement[bool]:
    if not value.isdecimal() or len(value) > 15:
        raise NotUnderstood(_("“%(value)s” is no number of a boot screen.", value=value))
    return Person.id.in_(select(EditionName.person_id).where(EditionName.edition_id == int(value)))


def _round(value: str, _at: datetime) -> ColumnElement[bool]:
    asked = select(ConsentAsk.person_id)
    if value == ANY:
        return Person.id.in_(asked)
    if not value.isdecimal() or len(value) > 15:
        raise NotUnderstood(_("“%(value)s” is no number of a consent round.", value=value))
    return Person.id.in_(asked.where(ConsentAsk.round_id == int(value)))


def _rounds() -> list[tuple[str, str]]:
    begun = [(str(one.id), format_date(one.started_at, "medium")) for one in rounds()]
    return [(ANY, pgettext("consent round", "in any round")), *begun] if begun else []


def _answers() -> list[tuple[str, str]]:
    return [
        (ConsentAnswer.YES.value, _("said yes")),
        (ConsentAnswer.NO.value, _("said no")),
        (UNANSWERED, _("not answered")),
    ]


def _editions() -> list[tuple[str, str]]:
    frozen = select(Edition.id, Edition.name).where(Edition.frozen_at.is_not(None)).order_by(Edition.id.desc())
    return [(str(row[0]), row[1]) for row in session().execute(frozen.limit(100))]


def timeline(person_id: int, before: datetime | None, limit: int) -> list[Event]:
    """The answer that stands, and the boot screens that left with the name."""
    found = []
    consent = consent_of(person_id)
    if consent is not None:
        said = (
            _("Said yes to the boot screen") if consent.answer is ConsentAnswer.YES else _("Said no to the boot screen")
        )
        found.append(Event(consent.answered_at, "consent", said, detail=consent.shown_name))
    for row in appearances(person_id):
        text = _("Their name left on the boot screen %(name)s", name=row.name)
        found.append(Event(row.shipped_at, "edition", text, detail=row.shown_name))
    found = [event for event in found if before is None or event.at < before]
    return sorted(found, key=lambda event: event.at, reverse=True)[:limit]


def tester_panel(person_id: int, _at: datetime) -> dict[str, Any]:
    consent = consent_of(person_id)
    since = withdrawn_at(consent) if consent else None
    return {"consent": consent, "withdrawn_at": since, "appearances": appearances(person_id)}


def person_panel(person_id: int, _at: datetime) -> dict[str, Any] | None:
    """For those who have been asked: testers, and whoever answered."""
    consent = consent_of(person_id)
    if consent is None and not is_tester(person_id):
        return None
    return {
        "consent": consent,
        "withdrawn_at": withdrawn_at(consent) if consent else None,
        "asked": asked_of(person_id),
        "appearances": appearances(person_id),
    }


OFFERS = RoomOffers(
    room="credits",
    owned=(
        Owned(EDITION_NAME),
        Owned(CONSENT, private=frozenset({"likeness"})),
        Owned(CONSENT_ASK),
        Owned(CONSENT_ROUND, "started_by_id", forget="keep", exported=False),
        Owned(EDITION, "created_by_id", forget="keep", exported=False),
    ),
    forget=forget_names,
    timeline=timeline,
    conditions=(
        Condition("consent", lazy_gettext("Name on the boot screen"), "choice", _consent, _answers),
        Condition("consent_round", lazy_gettext("Asked for their name"), "choice", _round, _rounds),
        Condition("edition", lazy_gettext("On the boot screen"), "choice", _edition, _editions),
    ),
    person=(Panel("credits.person", "credits/_person.html", person_panel, order=70),),
    tester=(Panel("credits.my_name", "credits/_my_name_panel.html", tester_panel, order=40),),
    navigation=(
        NavItem(lazy_gettext("Boot screen"), "credits.editions", May.CREDITS, order=60),
        NavItem(lazy_gettext("My name"), "credits.my_name", for_testers=True, order=40),
    ),
)

"""What requests show and do for other rooms."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Table, exists, select

from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.guards import May
from crm.core.offers import Condition, Event, NavItem, Owned, Panel, RoomOffers
from crm.feedback.actions.forgetting import forget
from crm.feedback.actions.merging import join_supporters, part_supporters
from crm.feedback.forms import STATES, TONES
from crm.feedback.models import Answer, Request, Support
from crm.feedback.queries import hottest, supported_by, touched, unanswered, unanswered_count, written_by
from crm.people.models import Person

FEW = 5
CHOICES = 100


def _wrote(_value: str, _at: datetime) -> ColumnElement[bool]:
    return exists().where(Request.author_id == Person.id)


def _supports(value: str, _at: datetime) -> ColumnElement[bool]:
    if not value.isdecimal() or len(value) > 18:
        raise NotUnderstood(_("“%(value)s” is no number of a request.", value=value))
    return exists().where(Support.person_id == Person.id, Support.request_id == int(value))


def _choices() -> list[tuple[str, str]]:
    return [(str(one.id), one.title or f"#{one.id}") for one in hottest(CHOICES)]


def _title(title: str) -> str:
    return title or _("The text was erased with the person who wrote it.")


def _event(at: datetime, kind: str, text: str, request_id: int) -> Event:
    return Event(at, kind, text, url=url_for("feedback.show", request_id=request_id))


def timeline(person_id: int, before: datetime | None, limit: int) -> list[Event]:
    """What they wrote, what of others they needed too, and, of staff, what they answered."""
    wrote = select(Request.created_at, Request.title, Request.id).where(Request.author_id == person_id)
    needed = (
        select(Support.at, Request.title, Request.id)
        .join(Request, Request.id == Support.request_id)
        .where(Support.person_id == person_id, Request.author_id.is_distinct_from(person_id))
    )
    answered = (
        select(Answer.at, Request.title, Request.id)
        .join(Request, Request.id == Answer.request_id)
        .where(Answer.staff_id == person_id)
    )
    found = []
    for kind, query, moment in (
        ("request", wrote, Request.created_at),
        ("support", needed, Support.at),
        ("answer", answered, Answer.at),
    ):
        rows: Any = query if before is None else query.where(moment < before)
        for at, title, request_id in session().execute(rows.order_by(moment.desc()).limit(limit)):
            found.append(_event(at, kind, _sentence(kind, _title(title)), request_id))
    return sorted(found, key=lambda event: event.at, reverse=True)[:limit]


def _sentence(kind: str, title: str) -> str:
    sentences = {
        "request": _("Wrote the request “%(title)s”", title=title),
        "support": _("Needs “%(title)s” too", title=title),
        "answer": _("Answered the request “%(title)s”", title=title),
    }
    return str(sentences[kind])


def home_panel(_viewer_id: int, _at: datetime) -> dict[str, Any] | None:
    requests = unanswered(FEW)
    return {"requests": requests, "count": unanswered_count()} if requests else None


def person_panel(person_id: int, _at: datetime) -> dict[str, Any] | None:
    requests, supported = written_by(person_id, FEW), supported_by(person_id)
    words = {"states": STATES, "tones": TONES}
    return {"requests": requests, "supported": supported, **words} if requests or supported else None


def tester_panel(person_id: int, _at: datetime) -> dict[str, Any]:
    return {"requests": written_by(person_id, FEW), "states": STATES, "tones": TONES}


def _owned(model: Any, column: str, **told: Any) -> Owned:
    return Owned(cast(Table, model.__table__), column, **told)


OFFERS = RoomOffers(
    room="feedback",
    owned=(
        _owned(Support, "person_id"),
        _owned(Answer, "staff_id", forget="empty", emptied={"staff_id": None}),
        _owned(Request, "author_id", forget="empty", emptied={"author_id": None}),
    ),
    merge=join_supporters,
    unmerge=part_supporters,
    forget=forget,
    touched=touched,
    timeline=timeline,
    conditions=(
        Condition("wrote_request", _l("wrote a request"), "yes", _wrote),
        Condition("supports_request", _l("supports the request"), "choice", _supports, _choices),
    ),
    home=(Panel("feedback.unanswered", "feedback/_home.html", home_panel, order=50, may=May.REQUESTS),),
    person=(Panel("feedback", "feedback/_person.html", person_panel, order=50),),
    tester=(Panel("feedback", "feedback/_mine.html", tester_panel, order=30),),
    navigation=(
        NavItem(_l("Requests"), "feedback.requests", may=May.REQUESTS, order=50),
        NavItem(_l("Requests"), "feedback.requests", for_testers=True, order=20),
    ),
)

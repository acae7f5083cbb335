"""Requests by heat, who needs them, what was answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, exists, func, select

from crm.builds.models import Build
from crm.core.bulk import chunks
from crm.core.db import session
from crm.core.errors import NotThere
from crm.core.paging import Page, SortKey, page
from crm.feedback.models import Answer, Request, RequestToken, Support
from crm.feedback.rules import MOST_TOKENS, RequestKind, RequestState, tokens
from crm.people.models import Person

MANY = 10_000


@dataclass(frozen=True)
class Wanted:
    """What a list of requests is narrowed to; None and empty ask for nothing."""

    state: RequestState | None = None
    kind: RequestKind | None = None
    words: str = ""
    written_by: int | None = None


def request_or_404(request_id: int) -> Request:
    found = session().get(Request, request_id)
    if found is None:
        raise NotThere(_("There is no such request."))
    return found


def _holding(words: str) -> list[Any]:
    """Every word, and every two neighbouring characters of Chinese, stands in the title; so does a single character."""
    return [
        Request.id.in_(select(RequestToken.request_id).where(RequestToken.token == token))
        if len(token) > 1
        else Request.title.icontains(token, autoescape=True)
        for token in tokens(words)[:MOST_TOKENS]
    ]


def narrowed(query: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.state is not None:
        query = query.where(Request.state == wanted.state)
    if wanted.kind is not None:
        query = query.where(Request.kind == wanted.kind)
    if wanted.written_by is not None:
        query = query.where(Request.author_id == wanted.written_by)
    if wanted.words:
        held = _holding(wanted.words)
        # Signs alone, such as "!!", are in no title that could be found.
        query = query.where(*held) if held else query.where(Request.title == wanted.words)
    return query


def _answers() -> Any:
    return (
        select(func.count()).select_from(Answer).where(Answer.request_id == Request.id).correlate(Request)
    ).scalar_subquery()


def by_heat(wanted: Wanted, viewer_id: int, after: str | None, before: str | None, size: int = 50) -> Page:
    """The hottest first, with how many answers each has and whether the viewer needs it too (`mine`)."""
    mine = exists().where(Support.request_id == Request.id, Support.person_id == viewer_id)
    query = select(
        Request.id,
        Request.kind,
        Request.severity,
        Request.title,
        Request.state,
        Request.supporters,
        Request.heat,
        Request.created_at,
        Request.author_id,
        _answers().label("answers"),
        mine.label("mine"),
    )
    keys = [SortKey(Request.heat, descending=True), SortKey(Request.id, descending=True)]
    return page(narrowed(query, wanted), keys, after=after, before=before, size=size)


def counts(wanted: Wanted) -> dict[RequestState, int]:
    """How many there are in each state, whatever state is asked for."""
    without = Wanted(None, wanted.kind, wanted.words, wanted.written_by)
    counted: Any = select(Request.state, func.count()).group_by(Request.state)
    query = narrowed(counted, without)
    return {row[0]: row[1] for row in session().execute(query)}


def needs(request_id: int, person_id: int) -> bool:
    return session().get(Support, (request_id, person_id)) is not None


def supporters_page(request_id: int, after: str | None, before: str | None) -> Page:
    """Who needs it, the newest first, with the person's name."""
    query = (
        select(Person.id, Person.name, Support.at, Support.person_id)
        .join(Person, Person.id == Support.person_id)
        .where(Support.request_id == request_id)
    )
    keys = [SortKey(Support.at, descending=True), SortKey(Support.person_id, descending=True)]
    return page(query, keys, after=after, before=before)


def lately(request_id: int, since: datetime) -> int:
    """Supporters since a moment: what makes a request hot today."""
    query = select(func.count()).where(Support.request_id == request_id, Support.at > since)
    return session().scalar(query) or 0


def answers_of(request_id: int) -> list[tuple[Answer, str]]:
    """In the order of time, with the name of who answered; empty when they are no longer named."""
    rows = session().execute(
        select(Answer, func.coalesce(Person.name, ""))
        .outerjoin(Person, Person.id == Answer.staff_id)
        .where(Answer.request_id == request_id)
        .order_by(Answer.at, Answer.id)
    )
    return [(found, name) for found, name in rows]


def name_of(person_id: int | None) -> str:
    return session().scalar(select(Person.name).where(Person.id == person_id)) or ""


def build_name(build_id: int | None) -> str:
    """`1.4 (android)`, empty for none."""
    build = session().get(Build, build_id) if build_id is not None else None
    return f"{build.version} ({build.platform})" if build is not None else ""


def written_by(author_id: int, limit: int) -> list[Request]:
    """What a person asked for, the newest first; without those whose text is erased."""
    query = select(Request).where(Request.author_id == author_id).order_by(Request.created_at.desc(), Request.id.desc())
    return list(session().scalars(query.limit(limit)))


def supported_by(person_id: int) -> int:
    """How many requests a person needs, their own among them."""
    return session().scalar(select(func.count()).where(Support.person_id == person_id)) or 0


def hottest(limit: int) -> list[Request]:
    query = select(Request).where(Request.state == RequestState.OPEN)
    return list(session().scalars(query.order_by(Request.heat.desc(), Request.id.desc()).limit(limit)))


def unanswered(limit: int) -> list[Request]:
    """The hottest open requests to which nobody has said anything yet."""
    answered = exists().where(Answer.request_id == Request.id)
    query = (
        select(Request)
        .where(Request.state == RequestState.OPEN, ~answered)
        .order_by(Request.heat.desc(), Request.id.desc())
    )
    return list(session().scalars(query.limit(limit)))


def unanswered_count() -> int:
    answered = exists().where(Answer.request_id == Request.id)
    return session().scalar(select(func.count()).where(Request.state == RequestState.OPEN, ~answered)) or 0


def touched(person_ids: Iterable[int]) -> set[int]:
    """Those of them who wrote, support or answered a request."""
    found: set[int] = set()
    for some, column in product(
        list(chunks(person_ids, MANY)), (Request.author_id, Support.person_id, Answer.staff_id)
    ):
        found.update(session().scalars(select(column).where(column.in_(some)).distinct()))
    return found

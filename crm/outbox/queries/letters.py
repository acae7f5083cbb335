"""Reads over letters and contacts: who waits, who was never written to, what stands where."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, exists, func, or_, select

from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotThere
from crm.core.paging import Page, SortKey, page
from crm.outbox.models import CampaignRefusal, Contact, Letter, Pace, Touch, UncertainDefault, Wording
from crm.outbox.rules import HELD, NEVER, Channel, Lane, LetterState, Outcome, WhenUncertain, day_in
from crm.people.models import Origin, Person
from crm.people.queries import listed
from crm.people.rules import OriginKind

MOST_CHOICES = 500


def letter_or_404(letter_id: int) -> Letter:
    found = session().get(Letter, letter_id)
    if found is None:
        raise NotThere(_("There is no such letter."))
    return found


def refused_by_letter(letter_id: int) -> bool:
    refusal = exists().where(Touch.letter_id == letter_id, Touch.outcome == Outcome.REFUSED)
    return bool(session().scalar(select(refusal)))


def wants_no_campaigns(person_id: int) -> bool:
    return session().get(CampaignRefusal, person_id) is not None


def contact_of(person_id: int) -> Contact | None:
    return session().get(Contact, person_id)


def count_by_state(origin_id: int) -> dict[LetterState, int]:
    """How many letters of a campaign stand in each state."""
    rows = session().execute(
        select(Letter.state, func.count()).where(Letter.origin_id == origin_id).group_by(Letter.state)
    )
    return {row[0]: row[1] for row in rows}


def count_by_origin() -> dict[int, int]:
    """How many letters of each campaign have been sent."""
    query = select(Letter.origin_id, func.count()).where(Letter.state == LetterState.SENT)
    rows = session().execute(query.where(Letter.origin_id.is_not(None)).group_by(Letter.origin_id))
    return {origin_id: count for origin_id, count in rows if origin_id is not None}


def _by_hand(origin_id: int, at: datetime) -> list[ColumnElement[bool]]:
    return [
        Letter.state == LetterState.QUEUED,
        Letter.channel == Channel.HAND,
        Letter.lane == Lane.CAMPAIGN,
        Letter.origin_id == origin_id,
        Letter.due_at <= at,
    ]


def in_queue(origin_id: int, at: datetime) -> list[ColumnElement[bool]]:
    """Letters by hand that a campaign's queue still holds, whoever has them on the screen; none while it pauses."""
    # asked once, not for each letter: PostgreSQL would read the whole queue for fear that the pace bars all of it
    paused = exists().where(Pace.origin_id == origin_id, Pace.paused.is_(True))
    return [*_by_hand(origin_id, at), ~paused]


def count_by_hand(origin_id: int, at: datetime) -> int:
    """How many the queue holds, also while it pauses."""
    return session().scalar(select(func.count()).select_from(Letter).where(*_by_hand(origin_id, at))) or 0


def taken_today(origin_id: int, at: datetime) -> int:
    """How many letters of a campaign with a pace have been taken on this day of the programme's zone."""
    pace = session().get(Pace, origin_id, populate_existing=True)
    return pace.today if pace is not None and pace.day == day_in(programme.required().tz, at) else 0


def stopped_origins() -> list[int]:
    """Campaigns that were stopped: nothing of them leaves any more."""
    return list(session().scalars(select(Pace.origin_id).where(Pace.paused.is_(True), Pace.next_at >= NEVER)))


def is_stopped(origin_id: int | None) -> bool:
    pace = session().get(Pace, origin_id, populate_existing=True) if origin_id is not None else None
    return pace is not None and pace.paused and pace.next_at >= NEVER


def held_by(staff_id: int, origin_id: int, at: datetime) -> Letter | None:
    """The letter that this person has on the screen."""
    held = [Letter.held_by_id == staff_id, Letter.lease_until > at]
    return session().scalar(select(Letter).where(*in_queue(origin_id, at), *held).order_by(Letter.id).limit(1))


def uncertain_of(origin_id: int | None) -> list[ColumnElement[bool]]:
    """Uncertain letters of one campaign (None: all there are)."""
    its = [] if origin_id is None else [Letter.origin_id == origin_id]
    return [Letter.state == LetterState.UNCERTAIN, *its]


def count_uncertain() -> int:
    return session().scalar(select(func.count()).select_from(Letter).where(*uncertain_of(None))) or 0


def when_uncertain(origin_id: int) -> WhenUncertain:
    """What becomes by itself of letters of a campaign of which nobody knows whether they arrived."""
    found = session().get(UncertainDefault, origin_id, populate_existing=True)
    return found.what if found is not None else WhenUncertain.ASK


def uncertain_in_all(origin_id: int | None) -> tuple[int, datetime | None]:
    """How many, and when the last of them became so."""
    row = session().execute(select(func.count(), func.max(Letter.ended_at)).where(*uncertain_of(origin_id))).one()
    return row[0], row[1]


def origins_with_uncertain() -> list[tuple[str, str]]:
    """Campaigns of which letters are uncertain: (number, title), the newest first."""
    its = select(Letter.origin_id).where(*uncertain_of(None))
    query = select(Origin.id, Origin.title).where(Origin.id.in_(its)).order_by(Origin.id.desc())
    return [(str(number), title) for number, title in session().execute(query.limit(MOST_CHOICES))]


def _held() -> list[ColumnElement[bool]]:
    return [Letter.state == LetterState.QUEUED, Letter.reason.is_not(None), Letter.reason.startswith(HELD)]


def count_held(origin_id: int | None = None) -> int:
    """Letters that wait for a value that a person must fill in; of one campaign, or all."""
    # found by being held, whosesoever they are: a campaign's letters may be a million, and those that are held are few
    held = select(Letter.origin_id).where(*_held()).cte().prefix_with("MATERIALIZED", dialect="postgresql")
    query = select(func.count()).select_from(held)
    return session().scalar(query if origin_id is None else query.where(held.c.origin_id == origin_id)) or 0


def count_waiting_to_leave() -> int:
    """Letters by mail that wait for nothing but the mail server, without those that somebody asked for."""
    waits = [Letter.state == LetterState.QUEUED, Letter.channel == Channel.MAIL, Letter.lane != Lane.ASKED]
    waits.append(or_(Letter.reason.is_(None), Letter.reason.not_like(f"{HELD}%")))
    return session().scalar(select(func.count()).select_from(Letter).where(*waits)) or 0


def held_page(*, after: str | None, before: str | None) -> Page:
    """The oldest first: id, person, name, reason, values, subject and body of the wording, campaign."""
    query: Select[*tuple[Any, ...]] = (
        select(
            Letter.id,
            Letter.person_id,
            Person.name,
            Letter.reason,
            Letter.values,
            Letter.queued_at,
            Wording.subject,
            Wording.body,
            Origin.title,
        )
        .join(Person, Person.id == Letter.person_id)
        .join(Wording, Wording.id == Letter.wording_id)
        .outerjoin(Origin, Origin.id == Letter.origin_id)
        .where(*_held())
    )
    return page(query, [SortKey(Letter.id)], after=after, before=before)


def origins_with_letters() -> list[tuple[str, str]]:
    """Campaigns to choose from: (number, title), the newest first."""
    query = select(Origin.id, Origin.title).where(Origin.kind == OriginKind.CAMPAIGN).order_by(Origin.id.desc())
    return [(str(number), title) for number, title in session().execute(query.limit(MOST_CHOICES))]


def letters_page(*, state: LetterState | None, origin_id: int | None, after: str | None, before: str | None) -> Page:
    """Letters, the newest first: id, person, name, address, subject of the wording, state, when."""
    query: Select[*tuple[Any, ...]] = (
        select(
            Letter.id,
            Letter.person_id,
            Person.name,
            Letter.identity_kind,
            Letter.identity_value,
            Letter.channel,
            Letter.state,
            Letter.values,
            Letter.queued_at,
            Letter.due_at,
            Letter.sent_at,
            Letter.ended_at,
            Letter.reason,
            Wording.subject,
            Wording.body,
        )
        .join(Person, Person.id == Letter.person_id)
        .join(Wording, Wording.id == Letter.wording_id)
    )
    if state is not None:
        query = query.where(Letter.state == state)
    if origin_id is not None:
        query = query.where(Letter.origin_id == origin_id)
    return page(query, [SortKey(Letter.id, descending=True)], after=after, before=before)


def _waiting() -> Select[*tuple[Any, ...]]:
    return (
        select(Person.id, Person.name, Contact.waiting_since, Contact.last_in_at)
        .join(Contact, Contact.person_id == Person.id)
        .where(Contact.waiting_since.is_not(None), listed())
    )


def waiting(after: str | None, limit: int, before: str | None = None) -> Page:
    """Who waits for our answer, the longest first: id, name, waiting_since, last_in_at."""
    keys = [SortKey(Contact.waiting_since), SortKey(Person.id)]
    return page(_waiting(), keys, after=after, before=before, size=limit)


def count_waiting() -> int:
    return session().scalar(select(func.count()).select_from(_waiting().subquery())) or 0


def last_touches(person_id: int, before: datetime | None, limit: int) -> list[Touch]:
    query = select(Touch).where(Touch.person_id == person_id).order_by(Touch.at.desc(), Touch.id.desc()).limit(limit)
    return list(session().scalars(query if before is None else query.where(Touch.at < before)))

"""Who leaves next: what was just asked for, then notices, then campaigns, each of these in its turn and at its pace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update

from crm.core.bulk import among, chunks
from crm.core.db import is_postgres, session, taken_once
from crm.outbox.actions.moves import move_letters
from crm.outbox.models import Letter, Pace
from crm.outbox.rules import SEND_LEASE, Channel, Lane, LetterState, may_leave
from crm.people.queries import suppressed


@dataclass(frozen=True, slots=True)
class Taken:
    """A letter that this worker has taken: still queued, but nobody else takes it while the lease runs."""

    id: int
    person_id: int
    lane: Lane
    attempts: int
    origin_id: int | None
    sender_id: int | None
    identity_kind: str
    expires_at: datetime | None


FIELDS = (
    Letter.id,
    Letter.person_id,
    Letter.lane,
    Letter.attempts,
    Letter.origin_id,
    Letter.sender_id,
    Letter.identity_kind,
    Letter.expires_at,
)


def taken_from(letter: Letter) -> Taken:
    return taken_of([getattr(letter, field.key) for field in FIELDS])


def taken_of(row: Sequence[Any]) -> Taken:
    """From a row of FIELDS."""
    return Taken(*row[: len(FIELDS)])


def _free(at: datetime) -> list[ColumnElement[bool]]:
    return [
        Letter.state == LetterState.QUEUED,
        Letter.channel == Channel.MAIL,
        Letter.due_at <= at,
        or_(Letter.lease_until.is_(None), Letter.lease_until < at),
    ]


def _take(where: Sequence[ColumnElement[bool]], at: datetime, limit: int) -> list[Taken]:
    if limit <= 0:
        return []
    due = select(Letter.id).where(*_free(at), *where).order_by(Letter.due_at, Letter.id).limit(limit)
    rows = session().execute(
        update(Letter)
        .where(Letter.id.in_(taken_once(due)))
        .values(lease_until=at + SEND_LEASE, attempts=Letter.attempts + 1)
        .returning(*FIELDS)
        .execution_options(synchronize_session=False)
    )
    return sorted((taken_of(row) for row in rows), key=lambda taken: taken.id)


def _campaigns() -> list[int]:
    """The origins with letters that wait: found by leaps through the index, however many letters there are."""
    found: list[int] = []
    step = (
        select(Letter.origin_id)
        .where(
            Letter.state == LetterState.QUEUED,
            Letter.lane == Lane.CAMPAIGN,
            Letter.channel == Channel.MAIL,
        )
        .order_by(Letter.origin_id)
        .limit(1)
    )
    while (origin := session().scalar(step.where(Letter.origin_id > (found[-1] if found else 0)))) is not None:
        found.append(origin)
    return found


def _paces(origins: Sequence[int]) -> dict[int, Pace]:
    """Read under lock, so that two workers do not both take what the pace allows."""
    query = select(Pace).where(Pace.origin_id.in_(origins)).order_by(Pace.origin_id)
    if is_postgres():
        query = query.with_for_update(skip_locked=True)
    rows = session().scalars(query.execution_options(populate_existing=True))
    return {pace.origin_id: pace for pace in rows}


def _paced(origin: int, pace: Pace | None, at: datetime, wanted: int) -> list[Taken]:
    mine = [Letter.lane == Lane.CAMPAIGN, Letter.origin_id == origin]
    if pace is None or pace.per_hour is None:
        return _take(mine, at, wanted)
    allowed, _next = may_leave(pace.per_hour, pace.next_at, at, wanted)
    taken = _take(mine, at, allowed)
    if taken:
        _count, pace.next_at = may_leave(pace.per_hour, pace.next_at, at, len(taken))
        session().flush()
    return taken


def _take_campaigns(at: datetime, limit: int) -> list[Taken]:
    """A fair turn: the places are shared evenly, and what one campaign does not need goes to the others."""
    origins = _campaigns()
    paces = _paces(origins)
    known = set(session().scalars(select(Pace.origin_id).where(Pace.origin_id.in_(origins))))
    ready = [o for o in origins if (o in paces and not paces[o].paused) or o not in known]
    taken: list[Taken] = []
    while ready and (rest := limit - len(taken)) > 0:
        share = max(1, rest // len(ready))
        still = []
        for origin in ready:
            got = _paced(origin, paces.get(origin), at, min(share, limit - len(taken)))
            taken += got
            if len(got) == share:
                still.append(origin)
        ready = still
    if len(taken) < limit:
        taken += _take([Letter.lane == Lane.CAMPAIGN, Letter.origin_id.is_(None)], at, limit - len(taken))
    return taken


def take_due(at: datetime, limit: int, *, asked_only: bool = False) -> list[Taken]:
    """Takes up to `limit` letters that are due by mail, for SEND_LEASE, in the order in which they leave.

    With `asked_only`, none but those that somebody asked for, such as sign-in links.
    """
    taken = _take([Letter.lane == Lane.ASKED], at, limit)
    if asked_only:
        return taken
    taken += _take([Letter.lane == Lane.NOTICE], at, limit - len(taken))
    return taken + _take_campaigns(at, limit - len(taken))


def still_welcome(taken: Sequence[Taken], at: datetime) -> list[Taken]:
    """Looks once more before they leave: moves those that came too late or must not be written to, returns the rest."""
    late = {letter.id for letter in taken if letter.expires_at is not None and letter.expires_at <= at}
    barred = suppressed({letter.person_id for letter in taken if letter.lane is not Lane.ASKED})
    stopped = {letter.id for letter in taken if letter.person_id in barred and letter.lane is not Lane.ASKED}
    move_letters(sorted(late), LetterState.EXPIRED, at, reason="too_late")
    move_letters(sorted(stopped - late), LetterState.SUPPRESSED, at, reason="suppressed")
    return [letter for letter in taken if letter.id not in late and letter.id not in stopped]


def hand_back(taken: Sequence[Taken], due_at: datetime | None = None) -> None:
    """Gives up what was taken and has not left, as if it had not been taken; due later where its server rests."""
    later = {} if due_at is None else {"due_at": due_at}
    for chunk in chunks(taken, 5000):
        session().execute(
            update(Letter)
            .where(among(Letter.id, [letter.id for letter in chunk]), Letter.state == LetterState.QUEUED)
            .values(lease_until=None, attempts=Letter.attempts - 1, **later)
            .execution_options(synchronize_session=False)
        )


def set_pace(origin_id: int, per_hour: int | None, *, paused: bool, at: datetime) -> None:
    """How fast a campaign's letters leave from now on, and whether they do. A pause is not caught up with."""
    pace = session().get(Pace, origin_id)
    if pace is None:
        session().add(Pace(origin_id=origin_id, per_hour=per_hour, paused=paused, next_at=at))
    else:
        pace.per_hour, pace.paused, pace.next_at = per_hour, paused, max(pace.next_at, at)
    session().flush()

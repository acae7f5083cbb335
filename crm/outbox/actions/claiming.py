"""Who leaves next: what was just asked for, then notices, then campaigns, each of these in its turn and at its pace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Table, exists, select, update

from crm.core.bulk import among
from crm.core.db import is_postgres, is_taken, session
from crm.outbox.actions.moves import cancel_letters, move_letters, move_where
from crm.outbox.models import CampaignRefusal, Letter, Pace
from crm.outbox.queries.leaving import lacks_postal_address
from crm.outbox.queries.letters import stopped_origins
from crm.outbox.rules import NEVER, SEND_LEASE, STOPPED, Channel, Lane, LetterState, may_leave
from crm.people.models import Suppression
from crm.people.queries import barred_addresses, standing_in


class Taken(NamedTuple):
    """A letter that this worker has taken: marked as being sent, once its door has committed."""

    id: int
    person_id: int
    lane: Lane
    attempts: int
    origin_id: int | None
    sender_id: int | None
    channel: Channel
    identity_kind: str
    identity_value: str
    wording_id: int
    values: dict[str, Any] | None
    expires_at: datetime | None


TABLE: Table = Letter.__table__  # type: ignore[assignment]  # a declarative class's table is a Table
FIELDS = tuple(TABLE.c[name] for name in Taken._fields)


def taken_from(letter: Letter) -> Taken:
    return Taken(*(getattr(letter, name) for name in Taken._fields))


def taken_of(row: Sequence[Any]) -> Taken:
    """From a row of FIELDS."""
    return Taken._make(row[: len(FIELDS)])


Where = Sequence[ColumnElement[bool]]


def _free(where: Where, at: datetime) -> list[ColumnElement[bool]]:
    return [TABLE.c.state == LetterState.QUEUED, TABLE.c.channel == Channel.MAIL, TABLE.c.due_at <= at, *where]


def _take(where: Where, at: datetime, limit: int) -> list[Taken]:
    if limit <= 0:
        return []
    due = select(TABLE.c.id).where(*_free(where, at)).order_by(TABLE.c.due_at, TABLE.c.id).limit(limit)
    rows = session().execute(
        update(TABLE)
        .where(is_taken(TABLE.c.id, due))
        .values(state=LetterState.SENDING, lease_until=at + SEND_LEASE, attempts=TABLE.c.attempts + 1)
        .returning(*FIELDS)
    )
    return sorted(map(taken_of, rows.all()))


class _Waiting(NamedTuple):
    """What there is to take: whether anything was asked for, whether there are notices, and (origin, letters an hour)
    of each campaign without a pause.
    """

    asked: bool
    notices: bool
    campaigns: list[tuple[int, int | None]]


def _waiting(where: Where, at: datetime) -> _Waiting:
    """In one look, by leaps through the indexes, however many letters there are."""
    lanes = [exists().where(TABLE.c.lane == lane, *_free(where, at)) for lane in (Lane.ASKED, Lane.NOTICE)]
    waiting = select(Letter.origin_id).where(
        Letter.state == LetterState.QUEUED, Letter.lane == Lane.CAMPAIGN, Letter.channel == Channel.MAIL
    )
    first = waiting.order_by(Letter.origin_id).limit(1)
    leaps = select(first.where(Letter.origin_id > 0).scalar_subquery().label("origin_id")).cte("leaps", recursive=True)
    following = first.where(Letter.origin_id > leaps.c.origin_id).scalar_subquery()
    leaps = leaps.union_all(select(following).where(leaps.c.origin_id.is_not(None)))
    found = (
        select(*lanes, leaps.c.origin_id, Pace.per_hour, Pace.paused)
        .outerjoin(Pace, Pace.origin_id == leaps.c.origin_id)
        .order_by(leaps.c.origin_id)
    )
    rows: Sequence[Any] = session().execute(found).all()
    going = [(origin, per_hour) for _asked, _notices, origin, per_hour, paused in rows if origin and not paused]
    return _Waiting(rows[0][0], rows[0][1], going)


def _paces(origins: Sequence[int]) -> dict[int, Pace]:
    """Read under lock, so that two workers do not both take what the pace allows: one of them passes over it."""
    if not origins:
        return {}
    query = select(Pace).where(Pace.origin_id.in_(origins)).order_by(Pace.origin_id)
    if is_postgres():
        query = query.with_for_update(skip_locked=True)
    rows = session().scalars(query.execution_options(populate_existing=True))
    return {pace.origin_id: pace for pace in rows if not pace.paused}


def _paced(origin: int, pace: Pace | None, where: Where, at: datetime, wanted: int) -> list[Taken]:
    paused = exists().where(Pace.origin_id == origin, Pace.paused.is_(True))  # since this round has looked what waits
    mine = [Letter.lane == Lane.CAMPAIGN, Letter.origin_id == origin, ~paused, *where]
    if pace is None or pace.per_hour is None:
        return _take(mine, at, wanted)
    allowed, _next = may_leave(pace.per_hour, pace.next_at, at, wanted)
    taken = _take(mine, at, allowed)
    if taken:
        _count, pace.next_at = may_leave(pace.per_hour, pace.next_at, at, len(taken))
        session().flush()
    return taken


def _take_campaigns(campaigns: Sequence[tuple[int, int | None]], where: Where, at: datetime, limit: int) -> list[Taken]:
    """A fair turn: the places are shared evenly, and what one campaign does not need goes to the others."""
    if limit <= 0:
        return []
    paces = _paces([origin for origin, per_hour in campaigns if per_hour is not None])
    ready = [origin for origin, per_hour in campaigns if per_hour is None or origin in paces]
    taken: list[Taken] = []
    while ready and (rest := limit - len(taken)) > 0:
        share = max(1, rest // len(ready))
        still = []
        for origin in ready:
            got = _paced(origin, paces.get(origin), where, at, min(share, limit - len(taken)))
            taken += got
            if len(got) == share:
                still.append(origin)
        ready = still
    if len(taken) < limit:
        taken += _take([Letter.lane == Lane.CAMPAIGN, Letter.origin_id.is_(None), *where], at, limit - len(taken))
    return taken


def take_due(at: datetime, limit: int, *where: ColumnElement[bool], asked_only: bool = False) -> list[Taken]:
    """Marks up to `limit` letters that are due by mail, and of which `where` holds, as being sent, in the order in
    which they leave. Commit before their first byte does.

    With `asked_only`, none but those that somebody asked for, such as sign-in links; nor while the programme has no
    postal address.
    """
    if asked_only or lacks_postal_address():
        return _take([Letter.lane == Lane.ASKED, *where], at, limit)
    waiting = _waiting(where, at)
    taken = _take([Letter.lane == Lane.ASKED, *where], at, limit) if waiting.asked else []
    if waiting.notices:
        taken += _take([Letter.lane == Lane.NOTICE, *where], at, limit - len(taken))
    return taken + _take_campaigns(waiting.campaigns, where, at, limit - len(taken))


def _unwelcome(letters: Sequence[Taken]) -> dict[int, str]:
    """Of these letters, those that must not leave, and why."""
    any_listed, any_refused = (exists().select_from(one) for one in (Suppression, CampaignRefusal))
    lists, refusals = session().execute(select(any_listed, any_refused)).one() if letters else (False, False)
    if not (lists or refusals):
        return {}
    standing = standing_in({letter.person_id for letter in letters})
    found = dict.fromkeys(_of_campaigns_refused(letters, standing), "no_campaigns") if refusals else {}
    return found | (dict.fromkeys(_listed(letters, standing), "suppressed") if lists else {})


def _listed(letters: Sequence[Taken], standing: Mapping[int, int]) -> list[int]:
    """Those to an address on the suppression list, or to somebody who has asked to be left alone.

    A person's identities went to whoever stands for them since a merge; the letter's address is its own.
    """
    to = {letter.id: (standing[letter.person_id], letter.identity_kind, letter.identity_value) for letter in letters}
    barred = barred_addresses(set(to.values()))
    return [number for number, one in to.items() if one in barred]


def _of_campaigns_refused(letters: Sequence[Taken], standing: Mapping[int, int]) -> list[int]:
    """Those of campaigns to somebody who wants no more of them: who said so while theirs was leaving."""
    of_campaigns = {letter.id: standing[letter.person_id] for letter in letters if letter.lane is Lane.CAMPAIGN}
    query = select(CampaignRefusal.person_id).where(among(CampaignRefusal.person_id, set(of_campaigns.values())))
    refused = set(session().scalars(query))
    return [number for number, person_id in of_campaigns.items() if person_id in refused]


def still_welcome(taken: Sequence[Taken], at: datetime) -> list[Taken]:
    """Looks once more before they leave: moves those that came too late or must not be written to, returns the rest."""
    late = {letter.id for letter in taken if letter.expires_at is not None and letter.expires_at <= at}
    move_letters(sorted(late), LetterState.EXPIRED, at, reason="too_late")
    rest = [letter for letter in taken if letter.id not in late]
    stopped = _unwelcome([letter for letter in rest if letter.lane is not Lane.ASKED])
    for why in sorted(set(stopped.values())):
        numbers = [number for number, reason in stopped.items() if reason == why]
        move_letters(sorted(numbers), LetterState.SUPPRESSED, at, reason=why)
    return [letter for letter in rest if letter.id not in stopped]


def hand_back(taken: Sequence[Taken], due_at: datetime | None = None) -> None:
    """Gives up what was taken and has not left, as if it had not been taken; due later where its server rests."""
    later = {} if due_at is None else {"due_at": due_at}
    for fence in fences(taken):
        untaken = TABLE.c.attempts - 1
        move_where([*fence, Letter.state == LetterState.SENDING], LetterState.QUEUED, None, attempts=untaken, **later)


def fences(letters: Sequence[Taken]) -> Iterator[list[ColumnElement[bool]]]:
    """These letters as they were taken: whoever has taken one anew since has counted its attempts on."""
    by_attempts: dict[int, list[int]] = {}
    for letter in letters:
        by_attempts.setdefault(letter.attempts, []).append(letter.id)
    for attempts, ids in sorted(by_attempts.items()):
        yield [among(Letter.id, ids), Letter.attempts == attempts]


def set_pace(origin_id: int, per_hour: int | None, *, paused: bool, at: datetime) -> None:
    """How fast a campaign's letters leave from now on, and whether they do. A pause is not caught up with."""
    pace = session().get(Pace, origin_id)
    if pace is None:
        session().add(Pace(origin_id=origin_id, per_hour=per_hour, paused=paused, next_at=at))
    else:
        pace.per_hour, pace.paused, pace.next_at = per_hour, paused, max(pace.next_at, at)
    session().flush()


def stop_leaving(origin_id: int, per_hour: int | None, at: datetime) -> int:
    """Nothing of this campaign leaves any more: what waits is cancelled now, what is leaving if it comes back (see
    `cancel_stopped`). Returns how many are cancelled.
    """
    set_pace(origin_id, per_hour, paused=True, at=NEVER)
    return cancel_letters(origin_id, at, STOPPED)


def cancel_stopped(at: datetime) -> int:
    """Cancels what has come back to wait since its campaign was stopped; returns how many."""
    origins = stopped_origins()
    if not origins:
        return 0
    theirs = [among(Letter.origin_id, origins), Letter.state == LetterState.QUEUED]
    return len(move_where(theirs, LetterState.CANCELLED, at, reason=STOPPED))

"""Who leaves next: what was just asked for, then notices, then campaigns, each of these in its turn and at its pace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Executable, Integer, Table, bindparam, exists, func, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from crm.core import programme
from crm.core.bulk import among
from crm.core.db import UtcDateTime, engine_name, is_postgres, is_taken, session
from crm.outbox.actions.moves import cancel_letters, move_letters, move_where
from crm.outbox.models import CampaignRefusal, Letter, Pace
from crm.outbox.queries.leaving import lacks_postal_address
from crm.outbox.queries.letters import stopped_origins
from crm.outbox.rules import NEVER, SEND_LEASE, STOPPED, Channel, Lane, LetterState, day_in, may_leave
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
    lease_until: datetime | None


TABLE: Table = Letter.__table__  # type: ignore[assignment]  # a declarative class's table is a Table
FIELDS = tuple(TABLE.c[name] for name in Taken._fields)
NOW: ColumnElement[datetime] = bindparam("now", type_=UtcDateTime())
ANY_UNWELCOME = select(exists().select_from(Suppression), exists().select_from(CampaignRefusal))


def taken_of(row: Sequence[Any]) -> Taken:
    """From a row of FIELDS."""
    return Taken._make(row[: len(FIELDS)])


ANY = 0
"""Stands for any sender or campaign: none has this number. None stands for none."""


def _narrowed(column: Any, name: str, number: int | None) -> list[ColumnElement[bool]]:
    """That `column` is the parameter `name`, is nothing, or is whatever it likes."""
    if number == ANY:
        return []
    return [column.is_(None) if number is None else column == bindparam(name)]


def _free(sender: int | None) -> list[ColumnElement[bool]]:
    free = [TABLE.c.state == LetterState.QUEUED, TABLE.c.channel == Channel.MAIL, TABLE.c.due_at <= NOW]
    return free + _narrowed(TABLE.c.sender_id, "its_sender", sender)


@cache
def _taking(_engine: str, lane: Lane, sender: int | None, origin: int | None) -> ReturningUpdate[Any]:
    """`sender` and `origin` are 1 for one that the parameters name."""
    which = [TABLE.c.lane == lane, *_narrowed(TABLE.c.origin_id, "its_origin", origin)]
    if origin:  # it may have been paused since this round has looked what waits
        which.append(~exists().where(Pace.origin_id == bindparam("its_origin"), Pace.paused.is_(True)))
    due = select(TABLE.c.id).where(*_free(sender), *which).order_by(TABLE.c.due_at, TABLE.c.id)
    taken = update(TABLE).where(is_taken(TABLE.c.id, due.limit(bindparam("most", type_=Integer()))))
    leased = {"state": LetterState.SENDING, "lease_until": bindparam("leased"), "attempts": TABLE.c.attempts + 1}
    return taken.values(leased).returning(*FIELDS)


def _take(lane: Lane, sender: int | None, at: datetime, limit: int, origin: int | None = ANY) -> list[Taken]:
    if limit <= 0:
        return []
    taking = _taking(engine_name(), lane, sender and 1, origin and 1)
    own = {"now": at, "leased": at + SEND_LEASE, "most": limit, "its_sender": sender, "its_origin": origin}
    return sorted(map(Taken._make, session().execute(taking, own).all()))


class _Waiting(NamedTuple):
    """What there is to take: whether anything was asked for, whether there are notices, and of each campaign without a
    pause (origin, whether it has a pace).
    """

    asked: bool
    notices: bool
    campaigns: list[tuple[int, bool]]


@cache
def _looking(_engine: str, sender: int | None) -> Executable:
    """By leaps through the indexes, however many letters there are."""
    lanes = [exists().where(TABLE.c.lane == lane, *_free(sender)) for lane in (Lane.ASKED, Lane.NOTICE)]
    waiting = select(TABLE.c.origin_id).where(
        TABLE.c.state == LetterState.QUEUED, TABLE.c.lane == Lane.CAMPAIGN, TABLE.c.channel == Channel.MAIL
    )
    first = waiting.order_by(TABLE.c.origin_id).limit(1)
    leaps = select(first.where(TABLE.c.origin_id > 0).scalar_subquery().label("origin_id")).cte("leaps", recursive=True)
    following = first.where(TABLE.c.origin_id > leaps.c.origin_id).scalar_subquery()
    leaps = leaps.union_all(select(following).where(leaps.c.origin_id.is_not(None)))
    return (
        select(*lanes, leaps.c.origin_id, func.coalesce(Pace.per_hour, Pace.per_day).is_not(None), Pace.paused)
        .outerjoin(Pace, Pace.origin_id == leaps.c.origin_id)
        .order_by(leaps.c.origin_id)
    )


def _waiting(sender: int | None, at: datetime) -> _Waiting:
    """In one look."""
    looking = _looking(engine_name(), sender and 1)
    rows: Sequence[Any] = session().execute(looking, {"now": at, "its_sender": sender}).all()
    going = [(origin, paced) for _asked, _notices, origin, paced, paused in rows if origin and not paused]
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


def _paced(origin: int, pace: Pace | None, sender: int | None, at: datetime, wanted: int) -> list[Taken]:
    if pace is None:
        return _take(Lane.CAMPAIGN, sender, at, wanted, origin)
    day = day_in(programme.required().tz, at)
    pace.day, pace.today = day, pace.today if pace.day == day else 0
    if pace.per_day is not None:
        wanted = min(wanted, max(0, pace.per_day - pace.today))
    if pace.per_hour is not None:
        wanted, _next = may_leave(pace.per_hour, pace.next_at, at, wanted)
    taken = _take(Lane.CAMPAIGN, sender, at, wanted, origin)
    pace.today += len(taken)
    if taken and pace.per_hour is not None:
        _count, pace.next_at = may_leave(pace.per_hour, pace.next_at, at, len(taken))
    session().flush()
    return taken


def _take_campaigns(campaigns: Sequence[tuple[int, bool]], sender: int | None, at: datetime, limit: int) -> list[Taken]:
    """A fair turn: the places are shared evenly, and what one campaign does not need goes to the others."""
    if limit <= 0:
        return []
    paces = _paces([origin for origin, paced in campaigns if paced])
    ready = [origin for origin, paced in campaigns if not paced or origin in paces]
    taken: list[Taken] = []
    while ready and (rest := limit - len(taken)) > 0:
        share = max(1, rest // len(ready))
        still = []
        for origin in ready:
            got = _paced(origin, paces.get(origin), sender, at, min(share, limit - len(taken)))
            taken += got
            if len(got) == share:
                still.append(origin)
        ready = still
    if len(taken) < limit:
        taken += _take(Lane.CAMPAIGN, sender, at, limit - len(taken), None)
    return taken


def take_due(at: datetime, limit: int, sender: int | None = ANY, *, asked_only: bool = False) -> list[Taken]:
    """Marks up to `limit` letters of a sender that are due by mail as being sent, in the order in which they leave.
    Commit before their first byte does.

    With `asked_only`, none but those that somebody asked for, such as sign-in links; nor while the programme has no
    postal address.
    """
    if asked_only or lacks_postal_address():
        return _take(Lane.ASKED, sender, at, limit)
    waiting = _waiting(sender, at)
    taken = _take(Lane.ASKED, sender, at, limit) if waiting.asked else []
    if waiting.notices:
        taken += _take(Lane.NOTICE, sender, at, limit - len(taken))
    return taken + _take_campaigns(waiting.campaigns, sender, at, limit - len(taken))


def _unwelcome(letters: Sequence[Taken]) -> dict[int, str]:
    """Of these letters, those that must not leave, and why."""
    lists, refusals = session().execute(ANY_UNWELCOME).one() if letters else (False, False)
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
    uncount([letter for letter in taken if letter.id in late or letter.id in stopped])
    return [letter for letter in rest if letter.id not in stopped]


def hand_back(taken: Sequence[Taken], due_at: datetime | None = None) -> None:
    """Gives up what was taken and has not left, as if it had not been taken; due later where its server rests."""
    later = {} if due_at is None else {"due_at": due_at}
    back: set[int] = set()
    for fence in fences(taken):
        still = [*fence, Letter.state == LetterState.SENDING]
        back.update(move_where(still, LetterState.QUEUED, None, attempts=TABLE.c.attempts - 1, **later))
    uncount([letter for letter in taken if letter.id in back])


def uncount(letters: Sequence[Taken]) -> None:
    """They have not left: the day of their campaign on which they were taken has room for them again.

    A pace that somebody else holds is passed over, as whoever waits for it here may be waited for: then fewer leave on
    that day.
    """
    zone = programme.required().tz if letters else None
    counts = Counter(
        (letter.origin_id, day_in(zone, letter.lease_until - SEND_LEASE))
        for letter in letters
        if zone is not None and letter.lane is Lane.CAMPAIGN and letter.origin_id and letter.lease_until
    )
    for (origin, day), count in counts.items():
        free = select(Pace.origin_id).where(
            Pace.origin_id == origin, Pace.day == day, Pace.per_day.is_not(None), Pace.today >= count
        )
        free = free.with_for_update(skip_locked=True) if is_postgres() else free
        for number in session().scalars(free).all():
            counted = update(Pace).where(Pace.origin_id == number).values(today=Pace.today - count)
            session().execute(counted.execution_options(synchronize_session=False))


def fences(letters: Sequence[Taken]) -> Iterator[list[ColumnElement[bool]]]:
    """These letters as they were taken: whoever has taken one anew since has counted its attempts on."""
    by_attempts: dict[int, list[int]] = {}
    for letter in letters:
        by_attempts.setdefault(letter.attempts, []).append(letter.id)
    for attempts, ids in sorted(by_attempts.items()):
        yield [among(Letter.id, ids), Letter.attempts == attempts]


def set_pace(origin_id: int, per_hour: int | None, per_day: int | None = None, *, paused: bool, at: datetime) -> None:
    """How fast a campaign's letters leave from now on, and whether they do. A pause is not caught up with."""
    pace = session().get(Pace, origin_id)
    if pace is None:
        session().add(Pace(origin_id=origin_id, per_hour=per_hour, per_day=per_day, paused=paused, next_at=at))
    else:
        pace.per_hour, pace.per_day = per_hour, per_day
        pace.paused, pace.next_at = paused, max(pace.next_at, at)
    session().flush()


def stop_leaving(origin_id: int, at: datetime) -> int:
    """Nothing of this campaign leaves any more: what waits is cancelled now, what is leaving if it comes back (see
    `cancel_stopped`). Returns how many are cancelled.
    """
    set_pace(origin_id, None, paused=True, at=NEVER)
    return cancel_letters(origin_id, at, STOPPED)


def cancel_stopped(at: datetime) -> int:
    """Cancels what has come back to wait since its campaign was stopped; returns how many."""
    origins = stopped_origins()
    if not origins:
        return 0
    theirs = [among(Letter.origin_id, origins), Letter.state == LetterState.QUEUED]
    return len(move_where(theirs, LetterState.CANCELLED, at, reason=STOPPED))

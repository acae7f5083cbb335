"""Where people stand, computed set-wise from the facts and written with their moves and the rollup in one
transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select, text

from crm.core import weeks
from crm.core.bulk import chunks
from crm.core.db import is_postgres, is_taken, session
from crm.core.restand import Restand, due, restand
from crm.funnel.actions.rollup import bump, passed
from crm.funnel.actions.rule_sets import ensure_rules
from crm.funnel.actions.steady import note_steady
from crm.funnel.actions.warnings import warn
from crm.funnel.actions.writing import Settled, write
from crm.funnel.queries.among import among
from crm.funnel.queries.ground import counted_weeks, ground
from crm.funnel.queries.known import (
    Known,
    counted_people,
    read_check_ins,
    read_own,
    read_sources,
    read_stays,
    read_touches,
)
from crm.funnel.queries.passing import touched_by_time
from crm.funnel.rules.facts import Facts
from crm.funnel.rules.path import path_of
from crm.funnel.rules.sets import Ground
from crm.funnel.rules.weekbits import history
from crm.people.models import Person

CHUNK = 5000
ONE_AT_A_TIME = 0x5EED_F0CC
Marked = dict[int, datetime | None]


def settle(at: datetime, *, person_ids: Iterable[int] | None = None, limit: int = CHUNK) -> int:
    """Takes up to `limit` people who are marked, or these if they are marked, and settles them as of `at`.

    Returns how many it took; call it until it takes none. Who has facts after `at` stays marked for those.
    """
    _lock()
    marked = _take(limit, at) if person_ids is None else _take_these(sorted(set(person_ids)), at)
    for chunk in chunks(sorted(marked), CHUNK):
        here = {person_id: marked[person_id] for person_id in chunk}
        steady = note_steady(here, at)
        if steady:
            bump(at)
        _settle({person_id: since for person_id, since in here.items() if person_id not in steady}, at, recorded_at=at)
    return len(marked)


def recompute(as_of: datetime, *, recorded_at: datetime) -> int:
    """Everybody, from the facts alone, as of a moment; returns how many people were looked at.

    As of a day that has passed, moves made since then stay; the next settling brings the standings back to today.
    """
    _lock()
    ids = list(session().scalars(select(Person.id).where(Person.forgotten_at.is_(None)).order_by(Person.id)))
    for chunk in chunks(ids, CHUNK):
        _settle(dict.fromkeys(chunk), as_of, recorded_at=recorded_at)
    if as_of >= recorded_at:
        session().execute(delete(Restand).where(Restand.person_id <= max(ids, default=0), due(as_of)))
    return len(ids)


def recompute_for_the_day(at: datetime) -> int:
    """Whoever is marked, and then those whom time alone may move: at the ends of weeks that have passed since the
    last look.

    Returns how many time may have moved. Marked people come first: a check-in that waits must not count as silence.
    """
    while settle(at):
        pass
    _lock()
    moved = touched_by_time(at)
    for chunk in chunks(moved, CHUNK):
        _settle(dict.fromkeys(chunk, at), at, recorded_at=at)
    passed(at)
    return len(moved)


def _lock() -> None:
    """Two settlings at once could write one person's standing twice: the second waits for the first's commit."""
    if is_postgres():
        session().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})


def _take(limit: int, at: datetime) -> Marked:
    some = select(Restand.person_id).where(due(at)).order_by(Restand.person_id).limit(limit)
    taken = delete(Restand).where(is_taken(Restand.person_id, some)).returning(Restand.person_id, Restand.since)
    return {row.person_id: row.since for row in session().execute(taken)}


def _take_these(ids: Sequence[int], at: datetime) -> Marked:
    marked: Marked = {}
    for chunk in chunks(ids, CHUNK):
        these = delete(Restand).where(among(Restand.person_id, chunk), due(at))
        taken = these.returning(Restand.person_id, Restand.since)
        marked.update((row.person_id, row.since) for row in session().execute(taken))
    return marked


def _keep_marked(people: Mapping[int, Known], at: datetime) -> None:
    """Facts after `at` are not known yet: their people stay marked, from the earliest of those facts on."""
    later = {person_id: known.earliest_after(at) for person_id, known in people.items()}
    waiting = {person_id: fact for person_id, fact in later.items() if fact is not None}
    if waiting:
        restand(waiting, min(waiting.values()))


def _settle(marked: Mapping[int, datetime | None], at: datetime, *, recorded_at: datetime) -> None:
    if not marked:
        return
    ensure_rules(recorded_at)
    people, without = counted_people(list(marked))
    ids = list(people)
    counted = counted_weeks(at)
    anew = [person_id for person_id in ids if marked[person_id] is None]
    read_touches(people, ids, anew)
    read_stays(people, ids)
    read_sources(people, ids)
    read_own(people, ids, counted)
    anew += _never_read(people, marked)
    read_check_ins(people, anew, None, counted)
    later = [since for since in marked.values() if since is not None]
    if later:
        start = counted.starts_at(weeks.week_of(min(later), counted.zone))
        read_check_ins(people, sorted(set(ids) - set(anew)), start, counted)
    base = min((era for known in people.values() for era in known.words), default=0)
    has_words = any(known.words for known in people.values())
    over = ground(counted_weeks(at, base * 64 if has_words else None))
    settled = [_settled(known, base, over) for known in people.values()]
    unclear = [one.known.person_id for one in settled if one.path.unclear]
    if unclear:
        read_check_ins(people, unclear, None, counted)
        again = {one: _settled(people[one], base, over) for one in unclear}
        settled = [again.get(one.known.person_id, one) for one in settled]
    write(settled, without, over, at=at, recorded_at=recorded_at)
    if at >= recorded_at:
        warn(settled, over, recorded_at=recorded_at)
        _keep_marked(people, at)


def _never_read(people: Mapping[int, Known], marked: Mapping[int, datetime | None]) -> list[int]:
    """People without a standing: what was recorded of them before the funnel ever looked is read as well."""
    return [
        person_id
        for person_id, known in people.items()
        if marked[person_id] is not None and known.standing is None and not known.words
    ]


def _settled(known: Known, base: int, over: Ground) -> Settled:
    joined = known.joined
    sent_at, channel, _ = known.contact
    facts = Facts(
        known_at=known.known_at,
        contacted_at=sent_at,
        contacted_why={"channel": channel} if channel else {},
        joined_at=joined[0] if joined else None,
        joined_why={"by": joined[1]} if joined else {},
        absences=known.absences,
        declined_at=known.declined_at,
        base=base * 64,
        bits=history(known.words.items(), base) if known.words else 0,
        firsts=known.firsts,
    )
    return Settled(known, path_of(facts, over))


__all__ = ["recompute", "recompute_for_the_day", "settle"]

"""Seats: given in order, kept by running a build, lost after a warning and its grace, never silently.

Whatever counts seats first locks the rule of their platform, so that the last one is given once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Select, Table, func, insert, literal, or_, select, update

from crm.accounts.queries import testers
from crm.builds.actions.seat_letters import tell_lost, tell_seated, tell_warned
from crm.builds.models import Build, BuildAccess, Seat, SeatPolicy
from crm.builds.queries.seats import (
    SHOWN,
    Effect,
    count_of,
    idle_seats,
    lost_seats,
    ran_after,
    seat_of,
    waiting_line,
    without_seat,
)
from crm.builds.rules.seats import LEAST_GRACE, MOST_GRACE, MOST_SEATS, MOST_WEEKS, SeatEnd, SeatRule, SeatState
from crm.core import journal
from crm.core.bulk import among, insert_or_pass
from crm.core.db import is_postgres, session
from crm.core.errors import MoveRefused, NotUnderstood
from crm.people.models import Person
from crm.people.queries import addresses, suppressed

SEAT = cast(Table, Seat.__table__)
POLICY = cast(Table, SeatPolicy.__table__)
FIRST_RULE = 0x5EED_5EA7
"""PostgreSQL's lock before there is a rule to lock."""
UNWARNED = {"warned_at": None, "lose_at": None}
FREED = {"state": SeatState.RELEASED, **UNWARNED}


class Changed(MoveRefused):
    """The rule, or what it does to people, is not what was looked at before it was saved."""


def faults_of(rule: SeatRule) -> dict[str, str]:
    """What cannot be in a rule: by field, in words."""
    faults = {}
    if rule.cap is not None and not 0 <= rule.cap <= MOST_SEATS:
        faults["cap"] = _("A platform has 0 to %(most)s seats, or no limit.", most=f"{MOST_SEATS:,}")
    if rule.idle_weeks is not None and not 1 <= rule.idle_weeks <= MOST_WEEKS:
        faults["idle_weeks"] = _("Somebody is idle after 1 to %(most)s weeks, or never.", most=MOST_WEEKS)
    if not LEAST_GRACE <= rule.grace_days <= MOST_GRACE:
        faults["grace_days"] = _(
            "Between a warning and the loss of a seat lie %(least)s to %(most)s days.",
            least=LEAST_GRACE,
            most=MOST_GRACE,
        )
    return faults


def check_rule(rule: SeatRule) -> None:
    """Raises NotUnderstood for what cannot be one."""
    for fault in faults_of(rule).values():
        raise NotUnderstood(fault)


def set_rule(
    platform: str, rule: SeatRule, *, version: int, seen: str, at: datetime, by_id: int | None = None
) -> Effect:
    """Saves a rule whose effect was looked at: `version` of the rule it replaces (0: none), `seen` that Effect's mark.

    Raises Changed when either is another by now. Who has a build of the platform when its first rule is saved holds a
    seat.
    """
    check_rule(rule)
    before = _lock(platform) or _lock_none(platform)
    if before is None:
        _seat_those_who_have_it(platform, at)
    ruled: dict[str, Any] = {"cap": rule.cap, "idle_weeks": rule.idle_weeks, "grace_days": rule.grace_days}
    row = ruled | {"version": version + 1, "changed_at": at, "changed_by_id": by_id}
    was = {"cap": before.cap, "idle_weeks": before.idle_weeks, "grace_days": before.grace_days} if before else None
    swept = _swept(platform, rule, at)
    found = _effect(platform, rule, swept, at)
    if (before.version if before else 0) != version or found.mark != seen:
        raise Changed(_("What this does to people has changed meanwhile: look at it again, then save it."))
    if before is None:
        session().execute(insert(POLICY).values(row | {"platform": platform}))
    else:
        session().execute(update(SeatPolicy).where(SeatPolicy.platform == platform).values(**row))
    journal.record(
        "seats.rule",
        f"seats:{platform}",
        at=at,
        before=was,
        after=ruled,
    )
    _tell(platform, rule, swept, at)
    return found


def effect_before_first(platform: str, rule: SeatRule, at: datetime) -> Effect:
    """What saving a rule would do to everybody: all of it is done, looked at and undone. Where there is no rule yet,
    those who have a build would hold a seat."""
    tried = session().begin_nested()
    try:
        if session().get(SeatPolicy, platform) is None:
            _seat_those_who_have_it(platform, at)
        return _effect(platform, rule, _swept(platform, rule, at), at)
    finally:
        tried.rollback()


def _effect(platform: str, rule: SeatRule, swept: Swept, at: datetime) -> Effect:
    named = [one for people in (swept.warned, swept.lost, swept.seated, swept.unwritten) for one in people[:SHOWN]]
    rows = session().execute(select(Person.id, Person.name).where(Person.id.in_(named)))
    names = {row[0]: row[1] for row in rows}
    above = max(0, count_of(platform, SeatState.HELD) - rule.cap) if rule.cap is not None else 0
    last = at + rule.grace if swept.warned else None
    return Effect(rule, swept.warned, last, swept.lost, swept.kept, swept.seated, swept.unwritten, above, names)


def _lock(platform: str) -> SeatPolicy | None:
    query = select(SeatPolicy).where(SeatPolicy.platform == platform).with_for_update()
    return session().scalar(query.execution_options(populate_existing=True))


def _lock_none(platform: str, *, shared: bool = False) -> SeatPolicy | None:
    """Where there is no rule to lock: a first one waits until those who are just given a build, `shared`, have it, and
    they wait for it. The rule that has come meanwhile, if any.
    """
    if is_postgres():
        lock = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
        session().execute(select(lock(FIRST_RULE)))
    return _lock(platform)


def _seat_those_who_have_it(platform: str, at: datetime) -> None:
    has = (
        select(BuildAccess.person_id)
        .join(Build, Build.id == BuildAccess.build_id)
        .where(Build.platform == platform, BuildAccess.person_id.in_(testers()))
        .where(BuildAccess.person_id.not_in(select(Seat.person_id).where(Seat.platform == platform)))
        .distinct()
        .subquery()
    )
    columns = ["platform", "person_id", "state", "since", "first_held_at", "why"]
    values = (literal(platform), has.c[0], literal(SeatState.HELD.value), literal(at, Seat.since.type))
    rows = select(*values, literal(at, Seat.since.type), literal(""))
    session().execute(insert(SEAT).from_select(columns, rows))


def with_seats(platform: str, person_ids: Sequence[int], at: datetime) -> list[int]:
    """Of these people those who may get a build of the platform: staff, and whoever holds a seat once the free ones
    are given. The others wait; who has lost or given up a seat asks for it again themselves."""
    policy = _lock(platform) or _lock_none(platform, shared=True)
    if policy is None:
        return list(person_ids)
    testers = select(Person.id).where(among(Person.id, person_ids), Person.is_staff.is_(False)).order_by(Person.id)
    state = {"state": SeatState.WAITING, "since": at, "why": ""}
    insert_or_pass(
        SEAT, [{"platform": platform, "person_id": person_id} | state for person_id in session().scalars(testers)]
    )
    here = set(person_ids)
    tell_seated(platform, [one for one in _refill(platform, policy.cap, at) if one not in here], at)
    session().flush()
    barred = without_seat(platform).where(among(Seat.person_id, person_ids))
    left = set(session().scalars(barred))
    return [person_id for person_id in person_ids if person_id not in left]


def _refill(platform: str, cap: int | None, at: datetime) -> list[int]:
    """Gives the free seats to the first in line; who they are, in order."""
    line = waiting_line(platform)
    if cap is not None:
        free = cap - count_of(platform, SeatState.HELD)
        if free <= 0:
            return []
        line = line.limit(free)
    return _move(line, at, {"state": SeatState.HELD, "first_held_at": _first(at)})


def _first(at: datetime) -> Any:
    return func.coalesce(Seat.first_held_at, literal(at, Seat.since.type))


def _move(which: Select[int], at: datetime, values: dict[str, Any]) -> list[int]:
    """Moves these seats; returns their people, in order."""
    chosen = session().execute(which.add_columns(Seat.person_id)).all()
    if not chosen:
        return []
    moving = update(Seat).where(among(Seat.id, [row[0] for row in chosen])).values(since=at, **values)
    moved = set(session().scalars(moving.returning(Seat.id).execution_options(synchronize_session=False)))
    return [row[1] for row in chosen if row[0] in moved]


@dataclass(frozen=True)
class Swept:
    """People whom a sweep has moved. `unwritten` are idle, and keep their seat: nobody can warn them."""

    left: Sequence[int]
    kept: Sequence[int]
    lost: Sequence[int]
    warned: Sequence[int]
    unwritten: Sequence[int]
    seated: Sequence[int]


def sweep_seats(platform: str, at: datetime) -> int:
    """Everything that is due on a platform: warnings taken back, seats lost, warnings, free seats given; how many."""
    policy = _lock(platform)
    if policy is None:
        return 0
    rule = policy.rule
    swept = _swept(platform, rule, at)
    _tell(platform, rule, swept, at)
    return len(swept.left) + len(swept.lost) + len(swept.warned) + len(swept.seated)


def _swept(platform: str, rule: SeatRule, at: datetime) -> Swept:
    since = rule.idle_since(at)
    warned = [Seat.platform == platform, Seat.state == SeatState.HELD, Seat.warned_at.is_not(None)]
    if since is not None:  # whom a milder rule would not have warned keeps the seat too
        warned.append(or_(ran_after(platform, Seat.warned_at), Seat.since > since, ran_after(platform, since)))
    kept = update(Seat).where(*warned).values(**UNWARNED).returning(Seat.person_id)
    safe = session().scalars(kept.execution_options(synchronize_session=False)).all()
    gone = select(Seat.id).where(Seat.platform == platform, Seat.state != SeatState.RELEASED)
    left = _move(gone.where(Seat.person_id.not_in(testers())), at, FREED | {"ended": SeatEnd.LEFT})
    lost = _move(lost_seats(platform, at), at, FREED | {"ended": SeatEnd.IDLE, "why": ""})
    told, untold = _warn(platform, rule, at)
    return Swept(left, safe, lost, told, untold, _refill(platform, rule.cap, at))


def _tell(platform: str, rule: SeatRule, swept: Swept, at: datetime) -> None:
    tell_lost(platform, swept.lost, at)
    tell_warned(platform, swept.warned, rule, at)
    tell_seated(platform, swept.seated, at)


def _warn(platform: str, rule: SeatRule, at: datetime) -> tuple[list[int], list[int]]:
    """(people who are warned, idle people to whom no letter can go)."""
    since = rule.idle_since(at)
    if since is None:
        return [], []
    idle = session().execute(
        select(Seat.id, Seat.person_id).where(Seat.id.in_(idle_seats(platform, since))).order_by(Seat.since, Seat.id)
    )
    seats = {person_id: seat_id for seat_id, person_id in idle.all()}
    reached = addresses(list(seats), "email").keys() - suppressed(set(seats))
    told = [person_id for person_id in seats if person_id in reached]
    if told:
        session().execute(
            update(Seat)
            .where(among(Seat.id, [seats[person_id] for person_id in told]))
            .values(warned_at=at, lose_at=at + rule.grace)
            .execution_options(synchronize_session=False)
        )
    return told, [person_id for person_id in seats if person_id not in reached]


def give_up_seat(person_id: int, platform: str, at: datetime) -> None:
    """By its holder, or by who waits for one. The next in line gets it."""
    _release(person_id, platform, SeatEnd.GIVEN_UP, "", at)


def release_seat(person_id: int, platform: str, why: str, at: datetime) -> None:
    """By staff, for a reason that the person is told."""
    if not why.strip():
        raise NotUnderstood(_("Say why: the person is told."))
    _release(person_id, platform, SeatEnd.BY_STAFF, why.strip(), at)
    tell_lost(platform, [person_id], at, why.strip())


def _release(person_id: int, platform: str, ended: SeatEnd, why: str, at: datetime) -> None:
    policy = _lock(platform)
    this = update(Seat).where(Seat.platform == platform, Seat.person_id == person_id, Seat.state != SeatState.RELEASED)
    moved = session().execute(this.values(since=at, ended=ended, why=why, **FREED).returning(Seat.id))
    if moved.first() is None:
        raise MoveRefused(_("There is no seat to give up: look at it again."))
    journal.record("seats.release", f"seats:{platform}", at=at, after={"person": person_id, "why": why or ended})
    if policy is not None:
        tell_seated(platform, _refill(platform, policy.cap, at), at)


def ask_for_seat(person_id: int, platform: str, at: datetime) -> SeatState:
    """By who lost or gave up a seat: at once where one is free, else before those who never had one."""
    policy = _lock(platform)
    again = {"state": SeatState.WAITING, "since": at, "ended": None, "why": ""}
    this = update(Seat).where(Seat.platform == platform, Seat.person_id == person_id, Seat.state == SeatState.RELEASED)
    if session().execute(this.values(**again).returning(Seat.id)).first() is None or policy is None:
        raise MoveRefused(_("There is nothing to ask for: look at it again."))
    tell_seated(platform, [one for one in _refill(platform, policy.cap, at) if one != person_id], at)
    found = seat_of(person_id, platform)
    return found.state if found is not None else SeatState.WAITING


def give_seat(person_id: int, platform: str, at: datetime) -> None:
    """By staff, out of turn, also above the cap."""
    if _lock(platform) is None:
        raise MoveRefused(_("This platform has no rule of seats: everybody has one."))
    row = {"state": SeatState.HELD, "since": at, "first_held_at": at, "why": ""}
    if not insert_or_pass(SEAT, [row | {"platform": platform, "person_id": person_id}]):
        this = update(Seat).where(Seat.platform == platform, Seat.person_id == person_id, Seat.state != SeatState.HELD)
        values = {"state": SeatState.HELD, "since": at, "first_held_at": _first(at), "ended": None, "why": ""}
        moved = this.values(**values).returning(Seat.id).execution_options(synchronize_session=False)
        if session().execute(moved).first() is None:
            raise MoveRefused(_("This person holds a seat already."))
    journal.record("seats.give", f"seats:{platform}", at=at, after={"person": person_id})
    tell_seated(platform, [person_id], at)


def merge_seats(keep_id: int, lose_id: int, at: datetime) -> None:
    """Of two people who are one now: where both have been in the line of a platform, the seat of the other is kept, and
    so is the right of who held one once to come first. The other has left."""
    for theirs in session().scalars(select(Seat).where(Seat.person_id == lose_id)).all():
        _lock(theirs.platform)
        kept = seat_of(keep_id, theirs.platform)
        if kept is None:
            continue
        firsts = [one for one in (kept.first_held_at, theirs.first_held_at) if one is not None]
        kept.first_held_at = min(firsts, default=None)
        if theirs.state is SeatState.HELD and kept.state is not SeatState.HELD:
            for name in ("state", "since", "warned_at", "lose_at", "ended", "why"):
                setattr(kept, name, getattr(theirs, name))
        for name, value in {**FREED, "ended": SeatEnd.LEFT, "since": at}.items():
            setattr(theirs, name, value)
        session().flush()

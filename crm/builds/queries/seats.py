"""Who holds a seat, who waits for one and in which order, who is idle, and what another rule would do."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from crm.accounts.queries import testers
from crm.builds.models import Build, BuildAccess, CheckIn, Seat, SeatPolicy
from crm.builds.rules import RAN
from crm.builds.rules.seats import LEAST_GRACE, SeatRule, SeatState
from crm.core.db import session
from crm.outbox.models import Letter
from crm.outbox.rules import LetterState
from crm.people.models import Person

SHOWN = 50
"""People named in the effect of a rule; the others are counted."""
IN_ORDER = (Seat.first_held_at.is_(None), Seat.since, Seat.id)
"""Of the waiting: who held a seat before comes first, then who has waited longest."""


@dataclass(frozen=True)
class SeatFigures:
    platform: str
    policy: SeatPolicy | None
    held: int
    waiting: int
    warned: int


@dataclass(frozen=True)
class Effect:
    """What a rule does to everybody once it is saved: who is warned and loses the seat on `lost_on` unless they run a
    build, who loses it now after an earlier warning, whose warning is taken back (`kept`), who comes off the waiting
    list, who is idle but cannot be written to and so keeps the seat, how many hold one beyond the cap (nobody loses
    theirs for it).

    All but `above` are people in order, of whom `names` has the first SHOWN of each.
    """

    rule: SeatRule
    warned: Sequence[int]
    lost_on: datetime | None
    lost: Sequence[int]
    kept: Sequence[int]
    seated: Sequence[int]
    unwritten: Sequence[int]
    above: int
    names: dict[int, str]

    @property
    def mark(self) -> str:
        """The same as long as it is the same rule and the same people."""
        people = [list(one) for one in (self.warned, self.lost, sorted(self.kept), self.seated, self.unwritten)]
        return hashlib.sha256(repr((self.rule, people, self.above)).encode()).hexdigest()[:20]


def policy_of(platform: str) -> SeatPolicy | None:
    return session().get(SeatPolicy, platform, populate_existing=True)


def seat_of(person_id: int, platform: str) -> Seat | None:
    this = select(Seat).where(Seat.platform == platform, Seat.person_id == person_id)
    return session().scalars(this.execution_options(populate_existing=True)).first()


def seats_of(person_id: int) -> list[Seat]:
    return list(session().scalars(select(Seat).where(Seat.person_id == person_id).order_by(Seat.platform)))


def count_of(platform: str, state: SeatState) -> int:
    return session().scalar(select(func.count()).where(Seat.platform == platform, Seat.state == state)) or 0


def seat_figures(platforms: Sequence[str]) -> list[SeatFigures]:
    """Of these platforms and of those for which something is ruled."""
    policies = {one.platform: one for one in session().scalars(select(SeatPolicy))}
    rows = session().execute(
        select(Seat.platform, Seat.state, func.count(), func.count(Seat.warned_at)).group_by(Seat.platform, Seat.state)
    )
    counts = {(platform, state): (count, warned) for platform, state, count, warned in rows}
    none = (0, 0)
    return [
        SeatFigures(
            platform,
            policies.get(platform),
            counts.get((platform, SeatState.HELD), none)[0],
            counts.get((platform, SeatState.WAITING), none)[0],
            counts.get((platform, SeatState.HELD), none)[1],
        )
        for platform in sorted({*platforms, *policies})
    ]


def place_in_line(seat: Seat) -> int:
    """Whose turn it is: 1 is next."""
    returner = Seat.first_held_at.is_not(None)
    longer = or_(Seat.since < seat.since, and_(Seat.since == seat.since, Seat.id < seat.id))
    before = or_(returner, longer) if seat.first_held_at is None else and_(returner, longer)
    waiting = select(func.count()).where(Seat.platform == seat.platform, Seat.state == SeatState.WAITING, before)
    return (session().scalar(waiting) or 0) + 1


def ran_after(platform: str, moment: Any) -> ColumnElement[bool]:
    """Of seats: their person ran a build of the platform, or one that nobody has registered, after this moment,
    which may be a column."""
    on_it = exists().where(Build.id == CheckIn.build_id, Build.platform == platform)
    return exists().where(
        CheckIn.person_id == Seat.person_id,
        CheckIn.at > moment,
        CheckIn.kind.in_(RAN),
        or_(CheckIn.build_id.is_(None), on_it),
    )


def idle_seats(platform: str, since: datetime) -> Select[int]:
    """Held seats, not warned, whose people ran nothing after that moment, though they hold them, and have had a build
    of the platform, since then or longer."""
    had_one = exists().where(
        Build.platform == platform,
        BuildAccess.build_id == Build.id,
        BuildAccess.person_id == Seat.person_id,
        BuildAccess.granted_at <= since,
    )
    return select(Seat.id).where(
        Seat.platform == platform,
        Seat.state == SeatState.HELD,
        Seat.warned_at.is_(None),
        Seat.since <= since,
        Seat.person_id.in_(testers()),
        had_one,
        ~ran_after(platform, since),
    )


def lost_seats(platform: str, at: datetime) -> Select[int]:
    """Held seats whose people were warned, whose grace is over, and who have run nothing since: the letter that warned
    them left, LEAST_GRACE days ago or longer."""
    reached = exists().where(
        Letter.person_id == Seat.person_id,
        Letter.occasion.startswith(f"seat:{platform}:warned:", autoescape=True),
        Letter.state == LetterState.SENT,
        Letter.sent_at >= Seat.warned_at,
        Letter.sent_at <= at - timedelta(days=LEAST_GRACE),
    )
    return select(Seat.id).where(
        Seat.platform == platform,
        Seat.state == SeatState.HELD,
        Seat.lose_at <= at,
        ~ran_after(platform, Seat.warned_at),
        reached,
    )


def waiting_line(platform: str) -> Select[int]:
    """The seats of those who wait and are testers, in order."""
    waits = (Seat.platform == platform, Seat.state == SeatState.WAITING, Seat.person_id.in_(testers()))
    return select(Seat.id).where(*waits).order_by(*IN_ORDER)


def seated_after(platform: ColumnElement[str] | str, since: datetime) -> Select[int]:
    """People who came to hold a seat of the platform after this moment."""
    return select(Seat.person_id).where(Seat.platform == platform, Seat.state == SeatState.HELD, Seat.since > since)


def without_seat(platform: str) -> Select[int]:
    """Testers who wait for a seat of the platform, or had one. Staff need none, also who were testers once."""
    tester = select(Person.id).where(Person.id == Seat.person_id, Person.is_staff.is_(False)).exists()
    return select(Seat.person_id).where(Seat.platform == platform, Seat.state != SeatState.HELD, tester)


def free_seats(platform: str) -> int | None:
    """How many can be given; None without a limit."""
    policy = policy_of(platform)
    if policy is None or policy.cap is None:
        return None
    return max(0, policy.cap - count_of(platform, SeatState.HELD))


def seatless_next(platform: str, people: Select[int], before: int) -> ColumnElement[bool]:
    """Of people: those among `people` who would get no seat of the platform if it were given to all of them now, after
    `before` others who have none yet. First come those who wait, then the new ones by their numbers; staff need none.
    """
    free = free_seats(platform)
    if free is None:
        return Person.id.in_(without_seat(platform).where(Seat.state == SeatState.RELEASED))
    line = waiting_line(platform)
    turn = line.with_only_columns(Seat.person_id).limit(free).subquery()
    waiting = session().scalar(select(func.count()).select_from(line.subquery())) or 0
    new = new_to_seats(platform, people).order_by(Person.id).offset(max(0, free - waiting - before)).subquery()
    barred = and_(Person.id.in_(without_seat(platform)), Person.id.not_in(select(turn.c[0])))
    return or_(barred, Person.id.in_(select(new.c[0])))


def new_to_seats(platform: str, people: Select[int]) -> Select[int]:
    """Those of them who need a seat of the platform and have never asked for one."""
    known = exists().where(Seat.platform == platform, Seat.person_id == Person.id)
    return people.where(Person.is_staff.is_(False), ~known)


def ruled_platforms() -> list[str]:
    return list(session().scalars(select(SeatPolicy.platform).order_by(SeatPolicy.platform)))

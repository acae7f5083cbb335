"""The exact recipients of each wave before anything leaves: who gets what, who does not and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, exists, not_, select

from campaigns.releases.models import Release, Wave
from campaigns.releases.queries.waves import people_in, size
from campaigns.releases.rules import Notify, WaveKind
from crm.accounts.models import Agreement
from crm.accounts.queries import testers
from crm.builds.models import Build
from crm.builds.queries.seats import new_to_seats, ruled_platforms, seatless_next
from crm.core.db import session
from crm.core.paging import Page, SortKey, page
from crm.people.models import Identity, Person
from crm.people.queries import addresses, has_suppressions, suppressed


class Gets(StrEnum):
    """What one person of a wave gets, or why a tester is in none."""

    LETTER = "letter"
    QUIET = "quiet"
    NO_ADDRESS = "no_address"
    SUPPRESSED = "suppressed"
    NO_SEAT = "no_seat"
    NOT_CHOSEN = "not_chosen"
    CAME_LATE = "came_late"


@dataclass(frozen=True)
class Reach:
    """What a wave comes to: its people, and how many of them get no letter, by why. Without a seat: no build either."""

    people: int
    letters: int
    without: dict[Gets, int]


def _addressed() -> Select[int]:
    return select(Identity.person_id).where(Identity.kind == "email")


def reach_of(release: Release, wave: Wave, waves: list[Wave], at: datetime) -> Reach:
    people = people_in(release, wave, waves, at)
    count = size(people)
    seatless, lacks = 0, _seatless(release, wave, waves, at)
    if lacks is not None:
        seatless = size(people.where(lacks))
        people = people.where(not_(lacks))
    bare = {Gets.NO_SEAT: seatless} if seatless else {}
    if wave.notify is Notify.NONE:
        return Reach(count, 0, bare | ({Gets.QUIET: count - seatless} if count > seatless else {}))
    with_address = people.where(Person.id.in_(_addressed()))
    addressed = size(with_address)
    barred = len(suppressed(session().scalars(with_address).all())) if has_suppressions() else 0
    without = bare | {Gets.NO_ADDRESS: count - seatless - addressed, Gets.SUPPRESSED: barred}
    return Reach(count, addressed - barred, {why: number for why, number in without.items() if number})


def _seatless(release: Release, wave: Wave, waves: list[Wave], at: datetime) -> ColumnElement[bool] | None:
    """Of the wave's people: who will have no seat when it opens, after the waves before it; None when all will."""
    platform = _platform(release)
    if platform is None:
        return None
    earlier = [one for one in waves if one.position < wave.position and one.done_at is None]
    before = sum(size(new_to_seats(platform, people_in(release, one, waves, at))) for one in earlier)
    return seatless_next(platform, people_in(release, wave, waves, at), before)


def left_out(release: Release, waves: list[Wave], at: datetime) -> Select[int]:
    """Testers who are in no wave of it."""
    chosen = [people_in(release, wave, waves, at) for wave in waves if wave.kind is not WaveKind.STAFF]
    everybody = testers()
    for people in chosen:
        everybody = everybody.where(Person.id.not_in(people))
    return everybody


def one_by_one(people: Select[int], after: str | None, before: str | None) -> Page:
    found = people.subquery()
    query = select(Person.id, Person.name, Person.language).where(Person.id.in_(select(found.c[0])))
    return page(query, [SortKey(Person.id)], after=after, before=before)


def _platform(release: Release) -> str | None:
    """That of its build; None where it has none yet, or where everybody has a seat."""
    if release.build_id is None:
        return None
    platform = session().get_one(Build, release.build_id).platform
    return platform if platform in ruled_platforms() else None


def gets(person_ids: list[int], release: Release, wave: Wave, waves: list[Wave], at: datetime) -> dict[int, Gets]:
    """What these people of a wave get."""
    lacks = _seatless(release, wave, waves, at)
    asked = select(Person.id).where(Person.id.in_(person_ids))
    seatless = set(session().scalars(asked.where(lacks))) if lacks is not None else set()
    mail, barred = addresses(person_ids, "email"), suppressed(person_ids)

    def one(who: int) -> Gets:
        if who in seatless:
            return Gets.NO_SEAT
        if wave.notify is Notify.NONE:
            return Gets.QUIET
        return Gets.NO_ADDRESS if who not in mail else Gets.SUPPRESSED if who in barred else Gets.LETTER

    return {who: one(who) for who in person_ids}


def why_left_out(person_ids: list[int], release: Release) -> dict[int, Gets]:
    """Why these testers are in no wave: they came after the freeze, or the audience does not have them."""
    late: set[int] = set()
    if release.frozen_at is not None:
        running = (Agreement.person_id == Person.id, Agreement.ended_at.is_(None))
        came = exists().where(*running, Agreement.accepted_at > release.frozen_at)
        late = set(session().scalars(select(Person.id).where(Person.id.in_(person_ids), came)))
    return {who: Gets.CAME_LATE if who in late else Gets.NOT_CHOSEN for who in person_ids}


def how_many_left_out(release: Release, waves: list[Wave], at: datetime) -> int:
    return size(left_out(release, waves, at))

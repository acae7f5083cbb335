"""Whom time alone may move: a cheap look at everybody's weeks, so that only few are settled anew."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from crm.core import weeks
from crm.core.db import session
from crm.funnel.models import Activity, DataVersion, Standing
from crm.funnel.queries.among import rows
from crm.funnel.queries.ground import counted_weeks, ground
from crm.funnel.rules import Stage
from crm.funnel.rules.sets import Ground
from crm.funnel.rules.weekbits import history, in_window, signed

DAY = "day"
STEADY = (Stage.ACTIVE, Stage.RETAINED)


def looked_at() -> datetime | None:
    """When time was last let pass for everybody."""
    return session().scalar(select(DataVersion.settled_at).where(DataVersion.name == DAY))


def touched_by_time(at: datetime) -> list[int]:
    """People at active or retained whose rule a week's end since the last look may have decided, in order.

    And those with a check-in of these weeks who are at neither: a week may have become a released one after they ran
    the build.
    """
    before = looked_at()
    counted = counted_weeks(at)
    if before is None or _rules_changed(before, at):
        return sorted(set(session().scalars(select(Standing.person_id).where(Standing.stage != Stage.DECLINED))))
    first = weeks.week_of(before, counted.zone)
    if counted.running - first > 1:
        steady = select(Standing.person_id).where(Standing.stage.in_(STEADY))
        return sorted({*session().scalars(steady), *_unseen(first, counted.running)})
    return sorted({*_below_or_rising(at), *_unseen(first, counted.running)})


def _rules_changed(before: datetime, at: datetime) -> bool:
    zone = counted_weeks(at).zone
    old, new = weeks.week_of(before, zone), weeks.week_of(at, zone)
    return any(old < rules.since <= new for rules in (part.rules for part in ground(counted_weeks(at)).parts))


def _unseen(first: int, running: int) -> set[int]:
    """People at neither active nor retained who have a bit in these weeks."""
    found: set[int] = set()
    for era in range(first // 64, running // 64 + 1):
        mask = signed(sum(1 << (week % 64) for week in range(first, running + 1) if week // 64 == era))
        query = (
            select(Activity.person_id)
            .join(Standing, Standing.person_id == Activity.person_id)
            .where(
                Activity.era == era,
                Activity.bits.bitwise_and(mask) != 0,
                Standing.stage.not_in((*STEADY, Stage.DECLINED)),
            )
        )
        found.update(row[0] for row in rows(query))
    return found


def _below_or_rising(at: datetime) -> list[int]:
    """Those warned, those below their stage's rule with the last completed week, those who have it for retained."""
    people: dict[int, tuple[Stage, datetime | None, bool]] = {}
    words: dict[int, list[tuple[int, int]]] = {}
    query = (
        select(Standing.person_id, Standing.stage, Standing.active_at, Standing.warned_at, Activity.era, Activity.bits)
        .outerjoin(Activity, Activity.person_id == Standing.person_id)
        .where(Standing.stage.in_(STEADY))
    )
    for person_id, stage, active_at, warned_at, era, bits in rows(query):
        people[person_id] = (stage, active_at, warned_at is not None)
        if era is not None:
            words.setdefault(person_id, []).append((era, bits))
    base = min((era for found in words.values() for era, _ in found), default=0)
    over = ground(counted_weeks(at, base * 64))
    return [
        person_id
        for person_id, (stage, active_at, is_warned) in people.items()
        if is_warned or is_due(stage, active_at, history(words.get(person_id, ()), base), base, over)
    ]


def is_due(stage: Stage, active_at: datetime | None, bits: int, base: int, over: Ground) -> bool:
    """Whether the end of the last completed week found them below their stage's rule, or due for retained."""
    counted = over.counted
    if not counted.completed:
        return False
    last = counted.completed - 1
    rules = over.at_end(last)
    seen = counted.compress(bits, base * 64)

    def kept(needed: int, window: int) -> bool:
        return in_window(seen, last, window) >= needed

    if stage is Stage.RETAINED:
        return not kept(rules.k, rules.n)
    first = weeks.week_of(active_at, counted.zone) if active_at is not None else 0
    return not kept(rules.a, rules.b) or (counted.running - first >= rules.m and kept(rules.k, rules.n))

"""The many whom a check-in does not move: at active or retained, unwarned, and above their rule. Only their weeks are
noted.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from crm.accounts.models import Agreement
from crm.core import weeks
from crm.funnel.actions.writing import write_words
from crm.funnel.models import Standing
from crm.funnel.queries.among import among, rows
from crm.funnel.queries.ground import counted_weeks, ground
from crm.funnel.queries.known import Known, read_check_ins, read_words
from crm.funnel.queries.passing import STEADY, is_due, looked_at
from crm.funnel.rules import Stage
from crm.funnel.rules.sets import Ground
from crm.funnel.rules.weekbits import at_least, history, span
from crm.outbox.models import Touch
from crm.outbox.rules import Outcome

Since = Mapping[int, datetime | None]


def note_steady(marked: Since, at: datetime) -> set[int]:
    """Notes the weeks of those who stay where they are, and returns who they are.

    Only where time was let pass within the last week, so that at most one end of a week is open, and only for facts
    since then: of these, a check-in, leaving and a refusal are all that can move somebody at active or retained.
    """
    before = looked_at()
    counted = counted_weeks(at)
    last_week = counted.running - 1
    if before is None or weeks.week_of(before, counted.zone) < last_week:
        return set()
    fresh = counted.starts_at(last_week)
    recent = {person_id: since for person_id, since in marked.items() if since is not None and since >= fresh}
    people, stood = _candidates(recent)
    if not people:
        return set()
    read_words(people, list(people))
    read_check_ins(people, list(people), min(recent.values()), counted)
    base = min((era for known in people.values() for era in known.words), default=0)
    over = ground(counted_weeks(at, base * 64))
    steady = [
        known
        for person_id, known in people.items()
        if known.earliest_after(at) is None and _stays(known, *stood[person_id], base=base, over=over)
    ]
    write_words(steady)
    return {known.person_id for known in steady}


def _candidates(recent: Mapping[int, datetime]) -> tuple[dict[int, Known], dict[int, tuple[Stage, datetime, int]]]:
    ids = list(recent)
    query = select(Standing.person_id, Standing.stage, Standing.active_at, Standing.since, Standing.rule_version).where(
        among(Standing.person_id, ids), Standing.stage.in_(STEADY), Standing.warned_at.is_(None)
    )
    moved = {
        row[0]
        for row in rows(select(Touch.person_id).where(Touch.outcome == Outcome.REFUSED, among(Touch.person_id, ids)))
    }
    moved |= {
        row[0]
        for row in rows(
            select(Agreement.person_id).where(Agreement.ended_at.is_not(None), among(Agreement.person_id, ids))
        )
    }
    people: dict[int, Known] = {}
    stood: dict[int, tuple[Stage, datetime, int]] = {}
    for person_id, stage, active_at, since, version in rows(query):
        if person_id not in moved and active_at is not None and since < recent[person_id]:
            people[person_id] = Known(person_id, since)
            stood[person_id] = (stage, active_at, version)
    return people, stood


def _stays(known: Known, stage: Stage, active_at: datetime, version: int, *, base: int, over: Ground) -> bool:
    counted = over.counted
    if version != over.latest.version or not counted.completed:
        return False
    bits = history(known.words.items(), base)
    if is_due(stage, active_at, bits, base, over):
        return False
    if stage is Stage.RETAINED:
        return True
    rules = over.latest
    if counted.running - weeks.week_of(active_at, counted.zone) < rules.m:
        return True
    seen = counted.compress(bits, base * 64)
    rising = seen & at_least(seen, rules.k, rules.n + 1, counted.count)
    return not rising & span(max(counted.completed - 2, 0), counted.count)

"""Weekly cohorts and what became of them, read from the words of weeks; computed once per version of the data."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import select

from crm.core import weeks
from crm.core.db import session
from crm.funnel.models import Activity, DataVersion, Standing
from crm.funnel.queries.among import rows
from crm.funnel.rules.weekbits import WORD, positions

FUNNEL = "funnel"
COHORTS = "cohorts"
Table = dict[str, Any]


def data_version() -> int:
    """Grows with every settling that changed something."""
    return session().scalar(select(DataVersion.version).where(DataVersion.name == FUNNEL)) or 0


def kept(name: str) -> Table | None:
    """What was computed of the present version of the data, if it has been."""
    found = session().execute(select(DataVersion.version, DataVersion.computed).where(DataVersion.name == name)).first()
    return found.computed if found is not None and found.version == data_version() else None


def cohorts() -> Table:
    """`{"weeks": [...], "rows": [{"cohort", "size", "active"}]}`: week 0 is the ISO week of the first check-in."""
    return kept(COHORTS) or compute_cohorts()


def compute_cohorts() -> Table:
    """From everybody's words. Staff have no standing and so are left out; trailing zeros are left off."""
    counts: dict[int, Counter[int]] = {}
    query = (
        select(Standing.first_week, Activity.era, Activity.bits)
        .join(Standing, Standing.person_id == Activity.person_id)
        .where(Standing.first_week.is_not(None))
    )
    for (first, era, word), people in Counter(tuple(row) for row in rows(query)).items():
        cohort = counts.setdefault(first, Counter())
        for position in positions(word & WORD):
            cohort[era * 64 + position - first] += people
    last = max((first + max(cohort) for first, cohort in counts.items()), default=-1)
    return {
        "weeks": [weeks.iso_name(week) for week in range(min(counts, default=0), last + 1)],
        "rows": [
            {
                "cohort": weeks.iso_name(first),
                "size": cohort[0],
                "active": [cohort[offset] for offset in range(max(cohort) + 1)],
            }
            for first, cohort in sorted(counts.items())
        ],
    }

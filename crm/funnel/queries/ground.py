"""The rule sets and the counted weeks that all paths stand on."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from crm.builds.models import OpenWeek
from crm.core import programme, weeks
from crm.core.db import session
from crm.funnel.models import RuleSet
from crm.funnel.rules.released import Counted
from crm.funnel.rules.sets import Ground, Rules


def rules_of(row: RuleSet) -> Rules:
    """A rule set holds from the first week that begins on or after its effective date."""
    since = weeks.week_of_date(row.effective_on + timedelta(days=6))
    return Rules(version=row.version, since=since, a=row.a, b=row.b, m=row.m, k=row.k, n=row.n, g=row.g)


def rule_sets() -> list[RuleSet]:
    return list(session().scalars(select(RuleSet).order_by(RuleSet.version)))


def counted_weeks(moment: datetime, start: int | None = None) -> Counted:
    """Numbered from the week `start`; from the running week when there is nothing to count."""
    zone = programme.required().tz
    first = weeks.week_of(moment, zone) if start is None else start
    return Counted(session().scalars(select(OpenWeek.week)), first, moment, zone)


def ground(counted: Counted, others: list[Rules] | None = None) -> Ground:
    """`others`: rule sets to try instead of the published ones."""
    return Ground(counted, others if others is not None else [rules_of(row) for row in rule_sets()])


__all__ = ["Ground", "counted_weeks", "ground", "rule_sets", "rules_of"]

"""Publishing rule sets. The first exists from the beginning, so that all history can be computed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime

from flask_babel import gettext as _
from sqlalchemy import func, select

from crm.core import journal, programme
from crm.core.db import session
from crm.core.errors import Refusal
from crm.core.weeks import FIRST_MONDAY
from crm.funnel.models import RuleSet
from crm.funnel.rules.sets import Rules


class TooSoon(Refusal):
    """A rule set that would judge days which have passed already."""


def ensure_rules(at: datetime) -> None:
    """Makes the default rule set while there is none."""
    if session().scalar(select(RuleSet.version).limit(1)) is None:
        session().add(RuleSet(version=1, effective_on=FIRST_MONDAY, published_at=at))
        session().flush()


def publish(rules: Rules, effective_on: date, *, at: datetime, by_id: int | None = None) -> RuleSet:
    """Adds the next version; everybody sees it from now on, it judges from its date on.

    `rules.version` and `rules.since` do not matter. Raises TooSoon for a date that is not in the future.
    """
    ensure_rules(at)
    if effective_on <= at.astimezone(programme.required().tz).date():
        raise TooSoon(_("A rule takes effect after it was published: choose a later day."))
    version = (session().scalar(select(func.max(RuleSet.version))) or 0) + 1
    letters = {name: value for name, value in asdict(rules).items() if len(name) == 1}
    made = RuleSet(version=version, effective_on=effective_on, published_at=at, published_by_id=by_id, **letters)
    session().add(made)
    session().flush()
    after = {**letters, "effective_on": effective_on.isoformat()}
    journal.record("rules.published", f"rule_set:{version}", at=at, after=after)
    return made

"""Publishing rule sets. The first exists from the beginning, so that all history can be computed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from crm.core.db import session
from crm.core.weeks import FIRST_MONDAY
from crm.funnel.models import RuleSet


def ensure_rules(at: datetime) -> None:
    """Makes the default rule set while there is none."""
    if session().scalar(select(RuleSet.version).limit(1)) is None:
        session().add(RuleSet(version=1, effective_on=FIRST_MONDAY, published_at=at))
        session().flush()

"""Who is in an audience."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, func, select

from campaigns.audience.models import Audience, FrozenList, FrozenMember
from crm.core.db import session
from crm.core.errors import NotThere
from crm.people.queries import matching
from crm.people.queries.counting import count_matching


def audience_or_404(audience_id: int) -> Audience:
    found = session().get(Audience, audience_id)
    if found is None:
        raise NotThere(_("There is no such audience."))
    return found


def people_of(audience_id: int, at: datetime) -> Select[Any]:
    """The ids of its people as the filter finds them at this moment."""
    return matching(audience_or_404(audience_id).filter, at)


def count(filters: Mapping[str, str], at: datetime) -> int:
    """How many people this filter finds. Raises NotUnderstood."""
    return count_matching(filters, at)


def audiences() -> list[Audience]:
    return list(session().scalars(select(Audience).order_by(Audience.id.desc())))


def lists_of(audience_id: int) -> list[tuple[FrozenList, int]]:
    """Its frozen lists, the newest first, with how many people each holds."""
    query = (
        select(FrozenList, func.count(FrozenMember.person_id))
        .outerjoin(FrozenMember, FrozenMember.list_id == FrozenList.id)
        .where(FrozenList.audience_id == audience_id)
        .group_by(FrozenList.id)
        .order_by(FrozenList.id.desc())
    )
    return [(row[0], row[1]) for row in session().execute(query)]


def frozen_lists(limit: int) -> list[FrozenList]:
    """Frozen lists of all audiences, the newest first."""
    return list(session().scalars(select(FrozenList).order_by(FrozenList.id.desc()).limit(limit)))

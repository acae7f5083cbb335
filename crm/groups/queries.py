"""Groups and their places."""

from __future__ import annotations

from sqlalchemy import func, select

from crm.core.db import session
from crm.groups.models import Membership


def running_count(group_id: int) -> int:
    """How many are in the group now."""
    return session().scalar(
        select(func.count()).where(Membership.group_id == group_id, Membership.left_at.is_(None))
    ) or 0

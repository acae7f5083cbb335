"""Who looks after releases."""

from __future__ import annotations

from sqlalchemy import select

from campaigns.releases.queries.waves import staff_ids
from crm.accounts.models import StaffRole
from crm.accounts.rules import Role, permissions
from crm.core.db import session
from crm.core.guards import May
from crm.people.models import Person


def managers() -> list[Person]:
    """Staff with a role that may change releases; admins only where there is nobody else."""
    found = _with([role for role in Role if role is not Role.ADMIN and May.RELEASES in permissions(frozenset({role}))])
    return found or _with([Role.ADMIN])


def _with(roles: list[Role]) -> list[Person]:
    holders = select(StaffRole.person_id).where(StaffRole.role.in_(roles))
    query = select(Person).where(Person.id.in_(staff_ids().subquery().select()), Person.id.in_(holders))
    return list(session().scalars(query.order_by(Person.id)))

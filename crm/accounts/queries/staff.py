"""Who is staff, and what they may do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from crm.accounts.models import (
    Credential,
    SignInSession,
    StaffRole,
)
from crm.accounts.rules import Role, permissions
from crm.core.db import session
from crm.core.guards import May
from crm.people.models import Person


def staff_ids() -> Select[int]:
    """Those who may sign in."""
    return (
        select(Person.id)
        .join(Credential, Credential.person_id == Person.id)
        .where(Credential.disabled_at.is_(None), Person.merged_into_id.is_(None), Person.forgotten_at.is_(None))
    )


def staff_people() -> list[Person]:
    """Everybody with credentials that work, by name."""
    query = select(Person).where(Person.id.in_(staff_ids())).order_by(Person.name, Person.id)
    return list(session().scalars(query))


def staff_who_may(permission: May) -> list[Person]:
    """Staff with a role for it; admins only where there is nobody else."""
    roles = [role for role in Role if role is not Role.ADMIN and permission in permissions(frozenset({role}))]
    return _holding(roles) or _holding([Role.ADMIN])


def _holding(roles: Sequence[Role]) -> list[Person]:
    holders = select(StaffRole.person_id).where(StaffRole.role.in_(roles))
    query = select(Person).where(Person.id.in_(staff_ids()), Person.id.in_(holders))
    return list(session().scalars(query.order_by(Person.id)))


def roles_of(person_id: int) -> frozenset[Role]:
    return frozenset(session().scalars(select(StaffRole.role).where(StaffRole.person_id == person_id)))


@dataclass(frozen=True)
class StaffMember:
    """`ended` is when the account stopped working."""

    id: int
    name: str
    mail: str
    roles: list[Role]
    has_password: bool
    has_second_step: bool
    seen_at: datetime | None
    ended_at: datetime | None


def staff_members() -> list[StaffMember]:
    """With those whose account has ended, last."""
    roles: dict[int, list[Role]] = {}
    for person_id, role in session().execute(select(StaffRole.person_id, StaffRole.role).order_by(StaffRole.role)):
        roles.setdefault(person_id, []).append(role)
    seen = (
        select(SignInSession.person_id, func.max(SignInSession.seen_at).label("seen_at"))
        .where(SignInSession.as_staff.is_(True))
        .group_by(SignInSession.person_id)
        .subquery()
    )
    rows = session().execute(
        select(Person, Credential, seen.c.seen_at)
        .join(Credential, Credential.person_id == Person.id)
        .outerjoin(seen, seen.c.person_id == Person.id)
        .where(Person.merged_into_id.is_(None), Person.forgotten_at.is_(None))
        .order_by(Credential.disabled_at.is_not(None), Person.name, Person.id)
    )
    return [
        StaffMember(
            person.id,
            person.shown,
            credential.mail,
            roles.get(person.id, []),
            credential.password_hash is not None,
            credential.totp_secret is not None,
            seen_at,
            credential.disabled_at,
        )
        for person, credential, seen_at in rows
    ]

"""Who is looking: everything about the viewer in one question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, select

from crm.accounts.models import (
    Agreement,
    ApiToken,
    Credential,
    SignInSession,
    StaffRole,
)
from crm.accounts.rules import SCOPE_NEEDS, Role, Scope, permissions
from crm.core.db import session
from crm.core.guards import May
from crm.core.tokens import digest
from crm.people.models import Person


@dataclass(frozen=True)
class Viewer:
    """As core.guards.Viewer asks for it. `scopes` is None for a browser, which has its owner's reach."""

    person_id: int
    name: str
    language: str | None
    roles: frozenset[Role]
    is_tester: bool
    as_staff: bool
    scopes: frozenset[str] | None = None
    session_id: int | None = None
    token_id: int | None = None
    seen_at: datetime | None = None

    @property
    def is_staff(self) -> bool:
        return bool(self.roles)

    def may(self, permission: May | str) -> bool:
        """A token opens only the doors of its scopes, never a page."""
        return self.scopes is None and permission in permissions(self.roles)

    def has_scope(self, scope: str) -> bool:
        if self.scopes is not None and scope not in self.scopes:
            return False
        needed = SCOPE_NEEDS.get(Scope(scope)) if scope in set(Scope) else None
        return self.is_tester or self.is_staff if needed is None else needed in permissions(self.roles)


def _running() -> Any:
    return and_(Agreement.person_id == Person.id, Agreement.ended_at.is_(None))


def _viewer_query(*columns: Any) -> Select[Any]:
    """One row per role (or one without): everything about the viewer in one question."""
    return (
        select(
            Person.id,
            Person.name,
            Person.language,
            StaffRole.role,
            Agreement.id.is_not(None),
            *columns,
        )
        .select_from(Person)
        .outerjoin(Credential, and_(Credential.person_id == Person.id, Credential.disabled_at.is_(None)))
        .outerjoin(StaffRole, StaffRole.person_id == Credential.person_id)
        .outerjoin(Agreement, _running())
        .where(Person.merged_into_id.is_(None), Person.forgotten_at.is_(None))
    )


def viewer_of_session(secret: str, at: datetime) -> Viewer | None:
    query = _viewer_query(SignInSession.id, SignInSession.as_staff, SignInSession.seen_at).join(
        SignInSession, SignInSession.person_id == Person.id
    )
    rows = (
        session()
        .execute(
            query.where(
                SignInSession.digest == digest(secret),
                SignInSession.revoked_at.is_(None),
                SignInSession.expires_at > at,
            )
        )
        .all()
    )
    if not rows:
        return None
    person_id, name, language, _role, is_tester, session_id, as_staff, seen_at = rows[0]
    roles = frozenset(row[3] for row in rows if row[3] is not None) if as_staff else frozenset()
    return Viewer(
        person_id, name or f"#{person_id}", language, roles, is_tester, as_staff, session_id=session_id, seen_at=seen_at
    )


@cache
def _token_query() -> Select[Any]:
    """Made once: building it costs more than running it."""
    query = _viewer_query(ApiToken.id, ApiToken.scopes, ApiToken.used_at)
    query = query.join(ApiToken, ApiToken.person_id == Person.id)
    return query.where(ApiToken.digest == bindparam("digest"), ApiToken.revoked_at.is_(None))


def viewer_of_token(secret: str) -> Viewer | None:
    rows = session().connection().execute(_token_query(), {"digest": digest(secret)}).all()
    if not rows:
        return None
    person_id, name, language, _role, is_tester, token_id, scopes, used_at = rows[0]
    roles = frozenset(row[3] for row in rows if row[3] is not None)
    return Viewer(
        person_id,
        name or f"#{person_id}",
        language,
        roles,
        is_tester,
        bool(roles),
        scopes=frozenset(scopes),
        token_id=token_id,
        seen_at=used_at,
    )

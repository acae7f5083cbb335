"""Roles and what each may do, scopes of API tokens, lifetimes. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from crm.core.guards import May


class Role(StrEnum):
    ADMIN = "admin"
    COMMUNITY = "community"
    RELEASE = "release"


ROLE_MAY: dict[Role, frozenset[May]] = {
    Role.ADMIN: frozenset(May),
    Role.COMMUNITY: frozenset(
        {May.SEE, May.PEOPLE, May.ERASE, May.OUTREACH, May.GROUPS, May.REQUESTS, May.FCODES}
    ),
    Role.RELEASE: frozenset({May.SEE, May.BUILDS, May.RELEASES, May.REQUESTS, May.CREDITS}),
}


class Scope(StrEnum):
    CHECK_INS_WRITE = "check-ins:write"
    PEOPLE_READ = "people:read"
    FUNNEL_READ = "funnel:read"


SIGN_IN_LINK_LIVES = timedelta(minutes=15)
INVITATION_LIVES = timedelta(days=7)
RESET_LIVES = timedelta(hours=1)
SESSION_LIVES = timedelta(days=30)


class LinkKind(StrEnum):
    SIGN_IN = "sign_in"
    INVITATION = "invitation"
    RESET_PASSWORD = "reset_password"  # noqa: S105 -- the name of a link, not a password


COOKIE = "seedbed_session"

"""Roles and what each may do, scopes of API tokens, lifetimes, limits of tries. Pure."""

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
    Role.COMMUNITY: frozenset({May.SEE, May.PEOPLE, May.ERASE, May.OUTREACH, May.GROUPS, May.REQUESTS, May.FCODES}),
    Role.RELEASE: frozenset({May.SEE, May.BUILDS, May.RELEASES, May.REQUESTS, May.CREDITS}),
}


class Scope(StrEnum):
    CHECK_INS_WRITE = "check-ins:write"
    BUILDS_WRITE = "builds:write"
    PEOPLE_READ = "people:read"
    FUNNEL_READ = "funnel:read"


# A token never reaches further than its owner does: what the owner must still be allowed. None: every tester.
SCOPE_NEEDS: dict[Scope, May | None] = {
    Scope.CHECK_INS_WRITE: None,
    Scope.BUILDS_WRITE: May.BUILDS,
    Scope.PEOPLE_READ: May.PEOPLE,
    Scope.FUNNEL_READ: May.SEE,
}


class LinkKind(StrEnum):
    """`join`: the page with the tester agreement, for people who have signed up or were invited."""

    SIGN_IN = "sign_in"
    INVITATION = "invitation"
    RESET_PASSWORD = "reset_password"  # noqa: S105 -- the name of a link, not a password
    JOIN = "join"


SIGN_IN_LINK_LIVES = timedelta(minutes=15)
INVITATION_LIVES = timedelta(days=7)
RESET_LIVES = timedelta(hours=1)
SESSION_LIVES = timedelta(days=30)
SECOND_STEP_LIVES = timedelta(minutes=5)
SEEN_EVERY = timedelta(minutes=10)

LINK_LIVES: dict[LinkKind, timedelta] = {
    LinkKind.SIGN_IN: SIGN_IN_LINK_LIVES,
    LinkKind.INVITATION: INVITATION_LIVES,
    LinkKind.RESET_PASSWORD: RESET_LIVES,
    LinkKind.JOIN: INVITATION_LIVES,
}

LINK_PAGES: dict[LinkKind, str] = {
    LinkKind.SIGN_IN: "/sign-in/",
    LinkKind.INVITATION: "/invitation/",
    LinkKind.RESET_PASSWORD: "/new-password/",
    LinkKind.JOIN: "/join/",
}

# Failed tries in the window, by what they are counted for. A letter asked for counts as a try of its own kind.
TRIES_WINDOW = timedelta(minutes=15)
TRIES_PER_MAIL = 10
TRIES_PER_ADDRESS = 50
LETTERS_PER_MAIL = 3
LETTERS_PER_ADDRESS = 20
ATTEMPTS_KEPT = timedelta(days=1)

PASSWORD_LEAST = 10
PASSWORD_MOST = 256
RECOVERY_CODES = 10
TOTP_STEP = 30

COOKIE = "seedbed_session"


def permissions(roles: frozenset[Role]) -> frozenset[May]:
    return frozenset().union(*(ROLE_MAY[role] for role in roles))

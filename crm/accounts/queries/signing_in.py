"""What somebody signs in with: credentials, sessions, tokens, codes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from crm.accounts.models import (
    ApiToken,
    Credential,
    RecoveryCode,
    SignInSession,
)
from crm.core.db import session

# In the order in which they must be asked for: each pretends to be those after it.
BROWSERS = ("MicroMessenger", "Edg", "OPR", "Firefox", "HeadlessChrome", "Chrome", "Safari", "curl")
SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")
TOKEN_PREFIX = "sbt_"  # noqa: S105 -- how a token begins, so that scanners of leaked secrets know it


def credential_of(person_id: int) -> Credential | None:
    return session().get(Credential, person_id)


def credential_by_mail(mail: str) -> Credential | None:
    """Among those that work."""
    return session().scalar(select(Credential).where(Credential.mail == mail, Credential.disabled_at.is_(None)))


def credential_with(mail: str) -> Credential | None:
    """Also one that has ended."""
    return session().scalar(select(Credential).where(Credential.mail == mail))


def browser_name(agent: str) -> str:
    """`Firefox, Windows` from what a browser says of itself; the beginning of that where it is a stranger."""
    names = [next((word for word in words if word in agent), "") for words in (BROWSERS, SYSTEMS)]
    return ", ".join(filter(None, names)) or agent[:40]


def open_sessions(person_id: int, at: datetime) -> list[SignInSession]:
    """The last seen first."""
    return list(
        session().scalars(
            select(SignInSession)
            .where(
                SignInSession.person_id == person_id,
                SignInSession.revoked_at.is_(None),
                SignInSession.expires_at > at,
            )
            .order_by(SignInSession.seen_at.desc(), SignInSession.id.desc())
        )
    )


def api_tokens_of(person_id: int) -> list[ApiToken]:
    """Those that work, newest first."""
    return list(
        session().scalars(
            select(ApiToken)
            .where(ApiToken.person_id == person_id, ApiToken.revoked_at.is_(None))
            .order_by(ApiToken.id.desc())
        )
    )


def recovery_codes_left(person_id: int) -> int:
    left = select(func.count()).where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    return session().scalar(left) or 0

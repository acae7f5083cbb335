"""What has ended is thrown away after a while; running it twice, or late, changes nothing more."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, or_

from crm.accounts.models import AccountLink, Attempt, SignInSession
from crm.accounts.rules import ATTEMPTS_KEPT
from crm.core.db import session

ENDED_KEPT = timedelta(days=7)


def sweep_ended(at: datetime) -> int:
    """Returns how many rows went."""
    past = at - ENDED_KEPT
    gone = 0
    for query in (
        delete(Attempt).where(Attempt.at <= at - ATTEMPTS_KEPT),
        delete(AccountLink).where(or_(AccountLink.expires_at <= past, AccountLink.used_at <= past)),
        delete(SignInSession).where(or_(SignInSession.expires_at <= past, SignInSession.revoked_at <= past)),
    ):
        gone += session().execute(query).rowcount  # type: ignore[attr-defined]  # the result of a DELETE counts its rows
    return gone

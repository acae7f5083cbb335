"""Browsers that are signed in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from crm.accounts.models import ApiToken, SignInSession
from crm.accounts.queries import Viewer
from crm.accounts.rules import SEEN_EVERY, SESSION_LIVES
from crm.core.db import session
from crm.core.tokens import digest, new_secret
from crm.people.models import Person


def open_session(person_id: int, *, as_staff: bool, at: datetime, agent: str = "", address: str = "") -> str:
    """Returns the secret for the cookie; only its digest is kept."""
    secret = new_secret()
    session().add(
        SignInSession(
            digest=digest(secret),
            person_id=person_id,
            as_staff=as_staff,
            created_at=at,
            seen_at=at,
            expires_at=at + SESSION_LIVES,
            agent=agent[:200],
            address=address[:64],
        )
    )
    session().flush()
    return secret


def close_session(session_id: int, person_id: int, *, at: datetime) -> bool:
    """Whether it was one of this person's, and open."""
    closed = session().execute(
        update(SignInSession)
        .where(SignInSession.id == session_id, SignInSession.person_id == person_id, SignInSession.revoked_at.is_(None))
        .values(revoked_at=at)
        .returning(SignInSession.id)
    )
    return closed.first() is not None


def close_sessions(person_id: int, *, at: datetime, but: int | None = None) -> None:
    """All of a person's sessions; `but` keeps the one that is asking."""
    query = update(SignInSession).where(SignInSession.person_id == person_id, SignInSession.revoked_at.is_(None))
    if but is not None:
        query = query.where(SignInSession.id != but)
    session().execute(query.values(revoked_at=at))


def is_seen_stale(viewer: Viewer, at: datetime) -> bool:
    return viewer.seen_at is None or viewer.seen_at <= at - SEEN_EVERY


def note_seen(viewer: Viewer, at: datetime) -> None:
    if viewer.token_id is not None:
        session().execute(update(ApiToken).where(ApiToken.id == viewer.token_id).values(used_at=at))
    else:
        session().execute(update(SignInSession).where(SignInSession.id == viewer.session_id).values(seen_at=at))


def set_language(person_id: int, language: str) -> None:
    """Of the person's pages and letters."""
    session().execute(update(Person).where(Person.id == person_id).values(language=language))

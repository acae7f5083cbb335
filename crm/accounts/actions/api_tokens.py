"""API tokens: shown once, kept as digests, never reaching further than their owner."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from flask_babel import lazy_gettext
from sqlalchemy import update

from crm.accounts.models import ApiToken
from crm.accounts.queries import TOKEN_PREFIX
from crm.accounts.rules import Scope
from crm.core import journal
from crm.core.db import session
from crm.core.errors import NotThere, NotUnderstood
from crm.core.tokens import digest, new_secret


def make_api_token(person_id: int, name: str, scopes: Iterable[Scope | str], *, at: datetime) -> str:
    """Returns the token, which is kept nowhere. Raises NotUnderstood."""
    try:
        chosen = sorted({Scope(scope).value for scope in scopes})
    except ValueError as error:
        scope = str(error).partition(" ")[0]
        raise NotUnderstood(lazy_gettext("There is no such scope: %(scope)s.", scope=scope)) from error
    if not chosen or not name.strip():
        raise NotUnderstood(lazy_gettext("Give the token a name and at least one scope."))
    token = TOKEN_PREFIX + new_secret()
    row = ApiToken(digest=digest(token), person_id=person_id, name=name.strip(), scopes=chosen, created_at=at)
    session().add(row)
    session().flush()
    after = {"name": row.name, "scopes": chosen}
    journal.record("accounts.make_api_token", f"api_token:{row.id}", at=at, about_id=person_id, after=after)
    return token


def revoke_api_token(token_id: int, person_id: int, *, at: datetime) -> None:
    """Raises NotThere when it is not this person's, or no longer works."""
    revoked = session().execute(
        update(ApiToken)
        .where(ApiToken.id == token_id, ApiToken.person_id == person_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=at)
        .returning(ApiToken.name)
    )
    name = revoked.scalar()
    if name is None:
        raise NotThere(lazy_gettext("There is no such token of yours, or it has been revoked already."))
    journal.record(
        "accounts.revoke_api_token", f"api_token:{token_id}", at=at, about_id=person_id, before={"name": str(name)}
    )

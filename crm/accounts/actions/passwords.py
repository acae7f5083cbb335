"""Passwords of staff: argon2, never stored otherwise."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import gettext

from crm.accounts.actions.sessions import close_sessions
from crm.accounts.models import Credential
from crm.accounts.rules import PASSWORD_LEAST, PASSWORD_MOST
from crm.core import journal
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.tokens import new_secret

HASHER = PasswordHasher()
LEAST_DIFFERENT = 5


def refuse_weak(password: str, *known: str) -> None:
    """Raises NotUnderstood. `known`: what others can guess, such as the person's name and address."""
    if not PASSWORD_LEAST <= len(password) <= PASSWORD_MOST:
        raise NotUnderstood(gettext("Choose a password of at least %(least)s characters.", least=PASSWORD_LEAST))
    guesses = {word.casefold() for word in known if word} | {word.partition("@")[0].casefold() for word in known}
    if len(set(password)) < LEAST_DIFFERENT or password.casefold() in guesses:
        raise NotUnderstood(gettext("This password is easy to guess: choose another, for example four words."))


def hash_password(password: str) -> str:
    return HASHER.hash(password)


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return HASHER.hash(new_secret())


def is_right(password_hash: str | None, password: str) -> bool:
    """Takes as long for nobody as for somebody, so that the time does not tell who has an account."""
    try:
        HASHER.verify(password_hash or _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def set_password(credential: Credential, password: str, *, at: datetime, keep_session: int | None = None) -> None:
    """Closes every other session of the person."""
    had_one = credential.password_hash is not None
    credential.password_hash = hash_password(password)
    close_sessions(credential.person_id, at=at, but=keep_session)
    action = "accounts.change_password" if had_one else "accounts.set_password"
    journal.record(action, f"person:{credential.person_id}", at=at, about_id=credential.person_id)
    session().flush()


def renew_hash(person_id: int, password: str) -> None:
    """When the costs of hashing have been raised since the password was set."""
    credential = session().get(Credential, person_id)
    if credential and credential.password_hash and HASHER.check_needs_rehash(credential.password_hash):
        credential.password_hash = hash_password(password)

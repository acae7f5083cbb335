"""Tries to sign in and letters asked for, limited by rows, so that a restart or a second process forgets none."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask_babel import lazy_gettext
from sqlalchemy import delete, func, select

from crm.accounts.models import Attempt
from crm.accounts.rules import (
    LETTERS_PER_ADDRESS,
    LETTERS_PER_MAIL,
    TRIES_PER_ADDRESS,
    TRIES_PER_MAIL,
    TRIES_WINDOW,
)
from crm.core.db import session
from crm.core.errors import Refusal
from crm.core.tokens import keyed_hash


class TooManyTries(Refusal):
    status = 429


def _key(kind: str, word: str) -> str:
    """A hash: an address in it would outlive the person who is forgotten."""
    return keyed_hash(f"{kind}:{word}")


def _limits(mail: str, address: str, *, letters: bool) -> dict[str, int]:
    if letters:
        return {_key("letter", mail): LETTERS_PER_MAIL, _key("letter-from", address): LETTERS_PER_ADDRESS}
    return {_key("mail", mail): TRIES_PER_MAIL, _key("from", address): TRIES_PER_ADDRESS}


def note_try(mail: str, address: str, *, at: datetime, letters: bool = False) -> None:
    """Raises TooManyTries. Counts as failed until `forgive_tries`; commit it before the answer is known,
    so that tries made at the same moment count too.
    """
    limits = _limits(mail, address, letters=letters)
    counted = (
        select(Attempt.key, func.count())
        .where(Attempt.key.in_(limits), Attempt.at > at - TRIES_WINDOW, Attempt.failed.is_(True))
        .group_by(Attempt.key)
    )
    for key, tries in session().execute(counted):
        if tries >= limits[key]:
            raise TooManyTries(lazy_gettext("There were too many tries. Wait a quarter of an hour, then try again."))
    session().add_all(Attempt(key=key, at=at, failed=True) for key in limits)
    session().flush()


def forgive_tries(mail: str, address: str, *, at: datetime) -> None:
    """After the right password: the mail address starts afresh, and this one try no longer counts for the machine."""
    session().execute(delete(Attempt).where(Attempt.key == _key("mail", mail)))
    last = select(func.max(Attempt.id)).where(Attempt.key == _key("from", address), Attempt.at == at)
    session().execute(delete(Attempt).where(Attempt.id.in_(last)))


def refuse_guessing(what: str, address: str, *, limit: int, window: timedelta, at: datetime) -> None:
    """Raises TooManyTries when so many wrong tries at something secret came from this address."""
    wrong = select(func.count()).where(Attempt.key == _key(what, address), Attempt.at > at - window)
    if (session().scalar(wrong) or 0) >= limit:
        raise TooManyTries(lazy_gettext("Too many wrong links came from your network. Wait an hour, then try again."))


def note_guess(what: str, address: str, *, at: datetime) -> None:
    """A wrong try; right ones are not counted, as many people may share an address."""
    session().add(Attempt(key=_key(what, address), at=at, failed=True))
    session().flush()

"""Links that work once: what a letter carries is a secret, what is kept is its digest."""

from __future__ import annotations

from datetime import datetime

from flask_babel import lazy_gettext
from sqlalchemy import select, update

from crm.accounts.models import AccountLink
from crm.accounts.rules import LINK_LIVES, LINK_PAGES, LinkKind
from crm.core.db import session
from crm.core.errors import NotAllowed
from crm.core.tokens import digest, new_secret, whole_address


class LinkSpent(NotAllowed):
    """The link was used, has expired, was replaced by a newer one or never existed: nobody is told which."""


def end_links(person_id: int, *, at: datetime, kind: LinkKind | None = None) -> None:
    """A person's open links, of every kind or of one, work no longer."""
    open_ones = update(AccountLink).where(
        AccountLink.person_id == person_id, AccountLink.used_at.is_(None), AccountLink.expires_at > at
    )
    if kind is not None:
        open_ones = open_ones.where(AccountLink.kind == kind)
    session().execute(open_ones.values(expires_at=at))


def make_link(kind: LinkKind, person_id: int, *, at: datetime) -> str:
    """Returns the secret. A newer link of a kind ends the older ones of the same person."""
    end_links(person_id, at=at, kind=kind)
    secret = new_secret()
    session().add(
        AccountLink(
            kind=kind, digest=digest(secret), person_id=person_id, created_at=at, expires_at=at + LINK_LIVES[kind]
        )
    )
    session().flush()
    return secret


def make_sign_in_link(person_id: int, *, at: datetime) -> str:
    """The whole address. Staff sign in as staff by it, so it is for the command line and for letters to testers."""
    return whole_address(LINK_PAGES[LinkKind.SIGN_IN] + make_link(LinkKind.SIGN_IN, person_id, at=at))


def _spent() -> LinkSpent:
    return LinkSpent(
        lazy_gettext("This link no longer works: it was used, is too old, or a newer one was sent. Ask for a new one.")
    )


def person_of_link(kind: LinkKind, secret: str, *, at: datetime) -> int:
    """Looks without using it. Raises LinkSpent."""
    found = session().scalar(
        select(AccountLink.person_id).where(
            AccountLink.kind == kind,
            AccountLink.digest == digest(secret),
            AccountLink.used_at.is_(None),
            AccountLink.expires_at > at,
        )
    )
    if found is None:
        raise _spent()
    return found


def use_link(kind: LinkKind, secret: str, *, at: datetime) -> int:
    """The person whose link it is; of two who come at once one is first. Raises LinkSpent."""
    used = session().execute(
        update(AccountLink)
        .where(
            AccountLink.kind == kind,
            AccountLink.digest == digest(secret),
            AccountLink.used_at.is_(None),
            AccountLink.expires_at > at,
        )
        .values(used_at=at)
        .returning(AccountLink.person_id)
    )
    person_id = used.scalar()
    if person_id is None:
        raise _spent()
    return int(person_id)

"""The letters of this room, each written because its reader (or an admin for them) has just asked for it.

What they say stands in templates/accounts/letters/, a file for each language, the subject in its first line.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path

from crm.accounts.actions.links import make_link
from crm.accounts.models import Credential
from crm.accounts.rules import LINK_LIVES, LINK_PAGES, LinkKind
from crm.core import programme
from crm.core.db import session
from crm.core.languages import LANGUAGES
from crm.core.tokens import new_secret, whole_address
from crm.outbox.actions import put_wording, write_letter
from crm.outbox.rules import Lane

TEXTS = Path(__file__).resolve().parents[1] / "templates" / "accounts" / "letters"
NAMES: dict[LinkKind, str] = {
    LinkKind.SIGN_IN: "sign_in",
    LinkKind.INVITATION: "invitation",
    LinkKind.RESET_PASSWORD: "reset_password",
    LinkKind.JOIN: "join",
}


@lru_cache(maxsize=64)
def text_of(name: str, language: str) -> str:
    return (TEXTS / f"{name}.{language}.txt").read_text("utf-8")


def _write(person_id: int, kind: str, name: str, link: str, at: datetime, until: datetime) -> int | None:
    key = f"accounts.{kind}"
    for language in LANGUAGES:
        subject, _blank, body = text_of(kind, language).split("\n", 2)
        put_wording(key, language, subject, body, at)
    values = {"name": name, "programme": programme.required().name, "link": link}
    # Each is an occasion of its own: asked again, written again.
    occasion = f"{key}:{new_secret()[:16]}"
    to = _staff_address(person_id)
    return write_letter(person_id, occasion, key, values, lane=Lane.ASKED, at=at, expires_at=until, to=to)


def _staff_address(person_id: int) -> str | None:
    """The one they sign in with. Other identities can be given to a person by whoever may change people or import
    a list, who must not get a new password that way."""
    credential = session().get(Credential, person_id)
    return credential.mail if credential is not None and credential.disabled_at is None else None


def send_link(kind: LinkKind, person_id: int, name: str, *, at: datetime, page: str | None = None) -> int | None:
    """Makes a link that works once and writes the letter with it. It leads to `page`, or to the kind's own.

    Returns the letter's number, or None when the person has no mail address.
    """
    link = whole_address((page or LINK_PAGES[kind]) + make_link(kind, person_id, at=at))
    return _write(person_id, NAMES[kind], name, link, at, at + LINK_LIVES[kind])


def remind_of_password(person_id: int, name: str, *, at: datetime) -> int | None:
    """To staff who asked for a tester's link."""
    until = at + LINK_LIVES[LinkKind.SIGN_IN]
    return _write(person_id, "use_password", name, whole_address("/sign-in"), at, until)

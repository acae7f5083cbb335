"""How somebody becomes a tester: signs up or is invited, confirms the address, accepts the agreement."""

from __future__ import annotations

from datetime import datetime

from flask_babel import lazy_gettext

from crm.accounts.actions.agreements import accept_agreement
from crm.accounts.actions.letters import remind_of_password, send_link
from crm.accounts.actions.links import use_link
from crm.accounts.models import Credential
from crm.accounts.queries import is_tester
from crm.accounts.rules import LinkKind
from crm.core import journal
from crm.core.db import session
from crm.core.errors import Refusal
from crm.invites.queries import last_touches
from crm.people.actions import add_person, add_source, make_origin
from crm.people.models import Person
from crm.people.queries import ids_by_identities, suppressed
from crm.people.rules import OriginKind


class NoAddress(Refusal):
    pass


class LeftAlone(Refusal):
    pass


def own_site_origin() -> int:
    return make_origin(OriginKind.OWN_SITE, "own_site", "Own site")


def person_by_mail(mail: str) -> Person | None:
    """`mail` normalised."""
    found = ids_by_identities([("email", mail)]).get(("email", mail))
    return session().get(Person, found) if found is not None else None


def sign_up(name: str, mail: str, language: str, *, at: datetime) -> Person:
    """The person with this (normalised) address: known, or now entered as a prospect from our own site.

    What we know of a known person is not changed: that the address is theirs is not proved yet.
    """
    known = person_by_mail(mail)
    if known is not None:
        return known
    person = add_person(name.strip(), [("email", mail)], at=at, language=language)
    add_source(person.id, site="own site", basis="signed up on our own page", at=at, origin_id=own_site_origin())
    return person


def confirm_address(person_id: int, *, at: datetime, page: str = "/join/") -> int | None:
    """Writes the letter whose link proves that the address is the person's. The link leads to `page` + a secret, which
    that page gives to `use_link(LinkKind.JOIN, ...)`. Returns the letter's number, None without an address.
    """
    name = session().get_one(Person, person_id).shown
    return send_link(LinkKind.JOIN, person_id, name, at=at, page=page)


def answer_sign_up(person: Person, *, at: datetime) -> None:
    """Who is a tester or staff already gets the way in instead; on the page it looks the same."""
    if not send_way_in(person, at=at):
        confirm_address(person.id, at=at)


def send_way_in(person: Person, *, at: datetime) -> bool:
    """The letter for somebody who wants to sign in without a password. Whether there was one to write."""
    credential = session().get(Credential, person.id)
    if credential is not None and credential.disabled_at is None:
        remind_of_password(person.id, person.shown, at=at)
        return True
    if is_tester(person.id):
        send_link(LinkKind.SIGN_IN, person.id, person.shown, at=at)
        return True
    return False


def remind_or_reset(person: Person, *, at: datetime) -> bool:
    """For somebody who has lost their password; testers, who have none, get their link. Whether one was written."""
    credential = session().get(Credential, person.id)
    if credential is None or credential.disabled_at is not None:
        return send_way_in(person, at=at)
    kind = LinkKind.RESET_PASSWORD if credential.password_hash else LinkKind.INVITATION
    send_link(kind, person.id, person.shown, at=at)
    return True


def invite_tester(person_id: int, *, at: datetime) -> int:
    """Staff ask somebody to join: a letter with the agreement's page. Returns the letter's number.

    Raises NoAddress, and LeftAlone for who must not be written to: they did not ask for this letter.
    """
    if suppressed([person_id]):
        raise LeftAlone(lazy_gettext("This person is on the list of those who are left alone: nobody writes to them."))
    letter_id = confirm_address(person_id, at=at)
    if letter_id is None:
        raise NoAddress(lazy_gettext("This person has no mail address: add one, or invite them by hand."))
    journal.record("accounts.invite_tester", f"person:{person_id}", at=at, about_id=person_id)
    return letter_id


def join_by_link(secret: str, *, shown: int, at: datetime) -> int:
    """Accepts the agreement, of which version `shown` was read, for the person whose link it is. It is put down to the
    invite link that they opened last, else to our own site.

    Raises LinkSpent, OtherVersion. Returns the person's number.
    """
    person_id = use_link(LinkKind.JOIN, secret, at=at)
    _invite, origin_id = last_touches([person_id]).get(person_id, (None, None))
    accept_agreement([person_id], at=at, origin_id=origin_id or own_site_origin(), shown=shown)
    return person_id

"""Members of staff: who they are and what they may do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from flask_babel import lazy_gettext
from sqlalchemy import delete, select

from crm.accounts.actions.letters import send_link
from crm.accounts.actions.links import end_links
from crm.accounts.actions.passwords import hash_password
from crm.accounts.actions.sessions import close_sessions
from crm.accounts.models import Credential, StaffRole
from crm.accounts.queries import roles_of
from crm.accounts.rules import LinkKind, Role
from crm.core import journal
from crm.core.db import session
from crm.core.errors import NotThere, NotUnderstood, Refusal
from crm.core.restand import restand
from crm.people.actions import add_person
from crm.people.identities import normalise
from crm.people.models import Person
from crm.people.queries import ids_by_identities


class AlreadyStaff(Refusal):
    pass


class AccountEnded(Refusal):
    pass


class LastAdmin(Refusal):
    """A programme without an admin could be cared for by nobody."""


def _person_with(mail: str, name: str, at: datetime) -> Person:
    """Who has this address already becomes staff under their own page; a tester keeps their history."""
    known = ids_by_identities([("email", mail)]).get(("email", mail))
    if known is None:
        return add_person(name, [("email", mail)], at=at, is_staff=True)
    person = session().get_one(Person, known)
    person.is_staff = True
    if not person.name:
        person.name = name
    restand([person.id], None)
    return person


def add_staff(name: str, mail: str, roles: Iterable[Role], *, at: datetime, password: str | None = None) -> Person:
    """Raises AlreadyStaff, NotUnderstood. Without a password the person gets one by invitation."""
    address, chosen = normalise("email", mail), sorted(set(roles))
    if not chosen:
        raise NotUnderstood(lazy_gettext("Choose at least one role."))
    person = _person_with(address, name.strip(), at)
    credential = session().get(Credential, person.id)
    if credential is not None and credential.disabled_at is None:
        raise AlreadyStaff(
            lazy_gettext("This person is a member of staff already: change their roles on the page Staff.")
        )
    if credential is None:
        credential = Credential(person_id=person.id, mail=address, created_at=at)
        session().add(credential)
    credential.mail, credential.disabled_at = address, None
    credential.password_hash = hash_password(password) if password else None
    session().flush()
    _put_roles(person.id, chosen)
    after = {"name": person.name, "mail": address, "roles": [role.value for role in chosen]}
    journal.record("accounts.add_staff", f"person:{person.id}", at=at, about_id=person.id, after=after)
    return person


def invite_staff(name: str, mail: str, roles: Iterable[Role], *, at: datetime) -> Person:
    person = add_staff(name, mail, roles, at=at)
    send_link(LinkKind.INVITATION, person.id, person.name, at=at)
    return person


def credential_or_404(person_id: int) -> Credential:
    found = session().get(Credential, person_id)
    if found is None:
        raise NotThere(lazy_gettext("This person is no member of staff."))
    return found


def working_or_refuse(person_id: int) -> Credential:
    """Raises NotThere, AccountEnded."""
    found = credential_or_404(person_id)
    if found.disabled_at is not None:
        raise AccountEnded(
            lazy_gettext("This account has ended. Invite the person again on the page Staff to give it back.")
        )
    return found


def _put_roles(person_id: int, roles: Iterable[Role]) -> None:
    session().execute(delete(StaffRole).where(StaffRole.person_id == person_id))
    session().add_all(StaffRole(person_id=person_id, role=role) for role in roles)
    session().flush()


def _keep_an_admin(without: int) -> None:
    """Locks the admins' rows, so that two who remove each other at once do not both succeed. Raises LastAdmin."""
    others = session().scalars(
        select(StaffRole.person_id)
        .join(Credential, Credential.person_id == StaffRole.person_id)
        .where(StaffRole.role == Role.ADMIN, Credential.disabled_at.is_(None))
        .order_by(StaffRole.person_id)
        .with_for_update(of=StaffRole)
    )
    if not set(others) - {without}:
        raise LastAdmin(lazy_gettext("This is the last admin: make somebody else an admin first."))


def change_roles(person_id: int, roles: Iterable[Role], *, at: datetime) -> None:
    """Raises LastAdmin, NotThere, AccountEnded, NotUnderstood."""
    working_or_refuse(person_id)
    chosen, before = sorted(set(roles)), roles_of(person_id)
    if not chosen:
        raise NotUnderstood(lazy_gettext("Choose at least one role."))
    if Role.ADMIN in before and Role.ADMIN not in chosen:
        _keep_an_admin(person_id)
    _put_roles(person_id, chosen)
    journal.record(
        "accounts.change_roles",
        f"person:{person_id}",
        at=at,
        about_id=person_id,
        before={"roles": sorted(role.value for role in before)},
        after={"roles": [role.value for role in chosen]},
    )


def end_staff(person_id: int, *, at: datetime) -> None:
    """The account and every link to it stop working at once; the person and their history stay.

    Raises LastAdmin, NotThere, AccountEnded.
    """
    credential, before = working_or_refuse(person_id), roles_of(person_id)
    if Role.ADMIN in before:
        _keep_an_admin(person_id)
    credential.disabled_at = at
    credential.password_hash = credential.totp_secret = credential.totp_last_used = None
    session().execute(delete(StaffRole).where(StaffRole.person_id == person_id))
    session().get_one(Person, person_id).is_staff = False
    close_sessions(person_id, at=at)
    end_links(person_id, at=at)
    restand([person_id], None)
    told = {"roles": sorted(role.value for role in before)}
    journal.record("accounts.end_staff", f"person:{person_id}", at=at, about_id=person_id, before=told)
    session().flush()


def invite_again(person_id: int, *, at: datetime) -> None:
    """Who has a password gets a link for a new one instead. Raises NotThere, AccountEnded."""
    credential = working_or_refuse(person_id)
    kind = LinkKind.RESET_PASSWORD if credential.password_hash else LinkKind.INVITATION
    send_link(kind, person_id, session().get_one(Person, person_id).shown, at=at)
    journal.record("accounts.send_link", f"person:{person_id}", at=at, about_id=person_id, after={"link": kind.value})

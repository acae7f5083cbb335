"""The programme and its accounts from the command line."""

from __future__ import annotations

import click
from sqlalchemy import inspect

from crm.accounts.actions import (
    add_staff,
    create_programme,
    make_link,
    make_sign_in_link,
    person_by_mail,
    switch_off,
)
from crm.accounts.queries import credential_with
from crm.accounts.rules import LINK_PAGES, LinkKind, Role
from crm.core import clock
from crm.core.cli import Commands
from crm.core.db import db, session
from crm.core.errors import Refusal
from crm.core.migrating import upgrade
from crm.core.tokens import whole_address
from crm.people.identities import normalise
from crm.people.models import Person

programme = Commands("programme", help="The programme of this installation.")
accounts = Commands("accounts", help="Members of staff and their way in.")


def _password_link(person_id: int, kind: LinkKind = LinkKind.INVITATION) -> str:
    return whole_address(LINK_PAGES[kind] + make_link(kind, person_id, at=clock.now()))


def _person(mail: str) -> Person:
    found = person_by_mail(normalise("email", mail))
    if found is None:
        raise click.ClickException(f"nobody has the mail address {mail}")
    return found


@programme.command("create")
@click.option("--name", required=True, help="What the programme is called.")
@click.option("--zone", required=True, help="Its time zone, such as Asia/Shanghai.")
@click.option("--language", required=True, help="Its languages, the first one first: zh,en")
@click.option("--admin", required=True, help="The first admin's mail address.")
@click.option("--admin-name", default="", help="The first admin's name.")
def create(name: str, zone: str, language: str, admin: str, admin_name: str) -> None:
    """Make the programme, and print the page where the first admin chooses a password. Lays an empty database out."""
    if not inspect(db.engine).has_table("programme"):
        upgrade()
    try:
        create_programme(name, zone, language.split(","), admin_name, admin, at=clock.now())
        link = _password_link(_person(admin).id)
    except Refusal as error:
        raise click.ClickException(str(error)) from error
    session().commit()
    click.echo(link)


@accounts.command("add-staff")
@click.option("--name", required=True)
@click.option("--mail", required=True)
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice([role.value for role in Role]))
def add_staff_command(name: str, mail: str, roles: tuple[str, ...]) -> None:
    """Add a member of staff, and print the page where they choose a password."""
    try:
        person = add_staff(name, mail, map(Role, roles), at=clock.now())
        link = _password_link(person.id)
    except Refusal as error:
        raise click.ClickException(str(error)) from error
    session().commit()
    click.echo(link)


@accounts.command("reset")
@click.option("--mail", required=True)
def reset(mail: str) -> None:
    """Switch off a member's second step, and print a page for a new password: for the last admin."""
    try:
        credential = credential_with(normalise("email", mail))
    except Refusal as error:
        raise click.ClickException(str(error)) from error
    if credential is None:
        raise click.ClickException(f"no member of staff has the mail address {mail}; see `flask accounts add-staff`")
    if credential.disabled_at is not None:
        raise click.ClickException(f"the account of {mail} has ended; `flask accounts add-staff` gives it back")
    switch_off(credential, at=clock.now())
    link = _password_link(credential.person_id, LinkKind.RESET_PASSWORD)
    session().commit()
    click.echo(link)


@accounts.command("sign-in-link")
@click.option("--mail", required=True)
def sign_in_link(mail: str) -> None:
    """Print a link that signs somebody in, once, within 15 minutes."""
    try:
        link = make_sign_in_link(_person(mail).id, at=clock.now())
    except Refusal as error:
        raise click.ClickException(str(error)) from error
    session().commit()
    click.echo(link)


COMMANDS = (programme, accounts)

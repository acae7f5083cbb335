"""Mailboxes: set up, tried, taken by one reader at a time."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import or_, select, update

from crm.core import journal
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.mailboxes import Account, Fault, MailboxAway, MailboxKind, Tls, opened
from crm.core.sealed import SealBroken, seal, unseal
from crm.inbound.models import Mailbox
from crm.inbound.queries import mailbox_or_404

PURPOSE = "mailbox"
LEASE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class MailboxChange:
    """`password` of None keeps the one that is known."""

    name: str
    kind: MailboxKind
    host: str
    port: int
    tls: Tls
    user: str
    folder: str
    deletes: bool
    active: bool
    password: str | None


def put_mailbox(mailbox_id: int | None, change: MailboxChange, at: datetime) -> Mailbox:
    """Raises NotUnderstood when the name is taken, or a new mailbox has no password."""
    taken = session().scalar(select(Mailbox.id).where(Mailbox.name == change.name))
    if taken is not None and taken != mailbox_id:
        raise NotUnderstood(_("Another mailbox has this name."))
    values = {key: value for key, value in asdict(change).items() if key != "password"}
    if change.password is not None:
        values["sealed_password"] = seal(PURPOSE, change.password)
    elif mailbox_id is None:
        raise NotUnderstood(_("A new mailbox needs its password."))
    if mailbox_id is None:
        box = Mailbox(**values, reads_from=at - timedelta(days=1), created_at=at)
        session().add(box)
    else:
        box = mailbox_or_404(mailbox_id)
        if (box.kind, box.host, box.user, box.folder) != (change.kind, change.host, change.user, change.folder):
            box.last_key = ""
        for key, value in values.items():
            setattr(box, key, value)
    session().flush()
    told: dict[str, Any] = {key: str(value) for key, value in values.items() if key != "sealed_password"}
    journal.record("inbound.put_mailbox", f"mailbox:{box.id}", at=at, after=told)
    return box


def remove_mailbox(mailbox_id: int, at: datetime) -> None:
    """What was read from it stays."""
    box = mailbox_or_404(mailbox_id)
    journal.record("inbound.remove_mailbox", f"mailbox:{box.id}", at=at, before={"name": box.name, "host": box.host})
    session().delete(box)
    session().flush()


def account_of(box: Mailbox) -> Account:
    """Raises MailboxAway when the password cannot be opened any more."""
    try:
        password = unseal(PURPOSE, box.sealed_password)
    except SealBroken as error:
        raise MailboxAway(Fault.SEAL, "") from error
    return Account(box.kind, box.host, box.port, box.tls, box.user, password, box.folder, read_only=not box.deletes)


def try_mailbox(account: Account) -> int:
    """How many messages it holds. Raises MailboxAway."""
    with opened(account) as box:
        return box.count()


def take_mailbox(mailbox_id: int, at: datetime) -> bool:
    """For this reader alone, for LEASE; commit before you read."""
    free = or_(Mailbox.lease_until.is_(None), Mailbox.lease_until < at)
    taken = session().execute(
        update(Mailbox)
        .where(Mailbox.id == mailbox_id, Mailbox.active, free)
        .values(lease_until=at + LEASE)
        .returning(Mailbox.id)
        .execution_options(synchronize_session=False)
    )
    return taken.first() is not None


def hand_back_mailbox(mailbox_id: int, fault: MailboxAway | None, at: datetime) -> None:
    session().execute(
        update(Mailbox)
        .where(Mailbox.id == mailbox_id)
        .values(
            lease_until=None,
            fault=fault.fault.value if fault else None,
            said=str(fault)[:300] if fault else None,
            **({} if fault else {"read_at": at}),
        )
        .execution_options(synchronize_session=False)
    )


def note_try(mailbox_id: int, fault: MailboxAway | None) -> None:
    """What a try by hand has shown; whoever is reading it goes on."""
    box = mailbox_or_404(mailbox_id)
    box.fault, box.said = (fault.fault.value, str(fault)[:300]) if fault else (None, None)
    session().flush()

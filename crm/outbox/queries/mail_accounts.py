"""The mailboxes that we write from, as their pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask_babel import gettext as _
from sqlalchemy import func, select

from crm.core.db import session
from crm.core.errors import NotThere
from crm.core.sealed import SealBroken
from crm.outbox.models import Letter, MailAccount, Sender
from crm.outbox.queries.limits import counted
from crm.outbox.queries.ways import limits_of_account, url_of, with_accounts, zone_of_account
from crm.outbox.rules import LetterState, SenderKind
from crm.outbox.rules.limits import Limits


class MailState(StrEnum):
    SENDS = "sends"
    AWAY = "away"
    SEALED = "sealed"
    STOPPED = "stopped"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class MailSender:
    """A mailbox as it stands at a moment. `waiting`: letters that are to leave by it."""

    sender: Sender
    account: MailAccount
    limits: Limits
    this_hour: int
    this_day: int
    most_today: int | None
    waiting: int

    @property
    def state(self) -> MailState:
        if self.account.retired_at is not None:
            return MailState.RETIRED
        if not self.sender.active:
            return MailState.STOPPED
        try:
            url_of(self.account)
        except SealBroken:
            return MailState.SEALED
        return MailState.AWAY if self.account.said is not None else MailState.SENDS


def mail_account_or_404(sender_id: int) -> tuple[Sender, MailAccount]:
    found = session().execute(with_accounts(Sender.id == sender_id)).first()
    if found is None:
        raise NotThere(_("There is no such sender."))
    return found[0], found[1]


def letters_waiting(sender_id: int) -> int:
    query = select(func.count()).where(Letter.sender_id == sender_id, Letter.state == LetterState.QUEUED)
    return session().scalar(query) or 0


def _waiting() -> dict[int, int]:
    query = (
        select(Letter.sender_id, func.count())
        .join(MailAccount, MailAccount.sender_id == Letter.sender_id)
        .where(Letter.state == LetterState.QUEUED)
        .group_by(Letter.sender_id)
    )
    return {row[0] or 0: row[1] for row in session().execute(query)}


def mail_senders(at: datetime) -> list[MailSender]:
    """Those that were given up come last."""
    rows = session().execute(with_accounts().order_by(None).order_by(MailAccount.retired_at.is_not(None), Sender.name))
    waiting = _waiting()
    found = []
    for sender, account in rows.all():
        limits, zone = limits_of_account(sender, account), zone_of_account(sender)
        this_hour, this_day = counted(sender.id, zone, at)
        most = limits.on(at.astimezone(zone).date())
        found.append(MailSender(sender, account, limits, this_hour, this_day, most, waiting.get(sender.id, 0)))
    return found


def mail_sender_or_404(sender_id: int, at: datetime) -> MailSender:
    for one in mail_senders(at):
        if one.sender.id == sender_id:
            return one
    raise NotThere(_("There is no such sender."))


def sender_choices() -> list[tuple[int, str]]:
    """(number, name) of the mailboxes in use."""
    query = (
        select(Sender.id, Sender.name)
        .join(MailAccount, MailAccount.sender_id == Sender.id)
        .where(Sender.kind == SenderKind.MAILBOX, Sender.active, MailAccount.retired_at.is_(None))
        .order_by(Sender.name)
    )
    return [(row[0], row[1]) for row in session().execute(query)]

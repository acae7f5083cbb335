"""The ways that letters leave by: the mail server of the settings, and those of the senders that are mailboxes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, select

from crm.core import programme
from crm.core.db import session
from crm.core.mail import is_mailbox, server
from crm.core.mailboxes import Tls
from crm.core.sealed import SealBroken, unseal
from crm.outbox.models import MailAccount, Sender
from crm.outbox.queries.limits import SETTINGS, mail_limits
from crm.outbox.rules.limits import Limits

PURPOSE = "mail_account"
SCHEMES = {Tls.TLS: "smtps", Tls.STARTTLS: "smtp+starttls", Tls.NONE: "smtp"}


@dataclass(frozen=True, slots=True)
class Way:
    """How the letters of `sender_id` leave; None: those of no sender of their own.

    `counts_as` is the sender that they are counted for. `away`: the account is on record as one that is not reached.
    """

    sender_id: int | None
    counts_as: int
    url: str
    limits: Limits
    zone: ZoneInfo
    away: bool = False


@lru_cache(maxsize=64)
def _opened(sealed: str) -> str:
    return unseal(PURPOSE, sealed) if sealed else ""


def url_of(account: MailAccount) -> str:
    """As SMTP_URL is written. Raises SealBroken."""
    host = f"[{account.host}]" if ":" in account.host else account.host
    password = _opened(account.sealed_password)
    login = f"{quote(account.user, safe='')}:{quote(password, safe='')}@" if account.user else ""
    return f"{SCHEMES[account.tls]}://{login}{host}:{account.port}"


def limits_of_account(sender: Sender, account: MailAccount) -> Limits:
    """Its own, and the quiet hours that hold for all."""
    shared = mail_limits()
    return Limits(
        per_hour=sender.per_hour,
        per_day=sender.per_day,
        domain_per_hour=account.domain_per_hour,
        domain_per_day=account.domain_per_day,
        quiet_from=shared.quiet_from,
        quiet_to=shared.quiet_to,
        warm_from=account.warm_from,
        warm_first=account.warm_first,
    )


def zone_of_account(sender: Sender) -> ZoneInfo:
    return ZoneInfo(sender.zone) if sender.zone else programme.required().tz


def with_accounts(*where: ColumnElement[bool]) -> Select[Sender, MailAccount]:
    query = select(Sender, MailAccount).join(MailAccount, MailAccount.sender_id == Sender.id).where(*where)
    return query.order_by(Sender.id).execution_options(populate_existing=True)


def _running(*where: ColumnElement[bool]) -> list[tuple[Sender, MailAccount]]:
    rows = session().execute(with_accounts(Sender.active.is_(True), MailAccount.retired_at.is_(None), *where))
    return [(row[0], row[1]) for row in rows]


def _way(sender: Sender, account: MailAccount, *, alone: bool = True) -> Way | None:
    """None when its password cannot be opened: its page says so. `alone`: of its own letters."""
    try:
        url = url_of(account)
    except SealBroken:
        return None
    limits, zone = limits_of_account(sender, account), zone_of_account(sender)
    return Way(sender.id if alone else None, sender.id, url, limits, zone, account.said is not None)


def stand_in() -> Sender | None:
    """The mailbox by which letters of no sender of their own leave while SMTP_URL is not set."""
    if server():
        return None
    found = _running(MailAccount.fills_in.is_(True))
    return found[0][0] if found else None


def way_of(sender_id: int | None) -> Way | None:
    """None while nothing leaves by it: no server is set, the account is stopped, or cannot be opened."""
    if sender_id is not None:
        found = _running(Sender.id == sender_id)
        return _way(*found[0]) if found else None
    if url := server():
        return Way(None, SETTINGS, url, mail_limits(), programme.required().tz)
    found = _running(MailAccount.fills_in.is_(True))
    return _way(*found[0], alone=False) if found else None


def ways() -> list[Way]:
    """All that letters can leave by now. In a rehearsal there is one, for all of them."""
    common = way_of(None)
    if common is not None and is_mailbox(common.url):
        return [common]
    own = [_way(sender, account) for sender, account in _running()]
    return [way for way in (common, *own) if way is not None]

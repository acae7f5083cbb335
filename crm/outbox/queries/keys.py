"""The domains that letters come from, and the keys that sign them."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import parseaddr
from functools import lru_cache
from urllib.parse import urlsplit

import structlog
from flask_babel import gettext as _
from sqlalchemy import select

from crm.core import programme
from crm.core.db import session
from crm.core.dkim import Signer, parsed
from crm.core.errors import NotThere
from crm.core.mail import ascii_address, server
from crm.core.sealed import SealBroken, unseal
from crm.outbox.models import DkimKey, MailAccount, Sender
from crm.outbox.rules import KeyState, SenderKind

PURPOSE = "dkim"
ACTIVE = (
    select(DkimKey.domain, DkimKey.selector, DkimKey.sealed)
    .where(DkimKey.state == KeyState.ACTIVE)
    .order_by(DkimKey.id)
)
log = structlog.get_logger(__name__)


@lru_cache(maxsize=256)
def domain_of(address: str) -> str:
    """As the DNS knows it; empty where there is none."""
    try:
        return ascii_address(address).rpartition("@")[2].lower()
    except UnicodeError:
        return ""


@lru_cache(maxsize=64)
def _signer(domain: str, selector: str, sealed: str) -> Signer:
    return Signer(domain, selector, parsed(unseal(PURPOSE, sealed)))


def can_sign(key: DkimKey) -> bool:
    """Not when it was sealed under another SECRET_KEY."""
    try:
        _signer(key.domain, key.selector, key.sealed)
    except SealBroken:
        return False
    return True


def signers_by_domain() -> dict[str, tuple[Signer, ...]]:
    """The active keys, ready for use; a domain may sign with one of each algorithm."""
    found: dict[str, tuple[Signer, ...]] = {}
    for domain, selector, sealed in session().execute(ACTIVE):
        try:
            found[domain] = (*found.get(domain, ()), _signer(domain, selector, sealed))
        except SealBroken:
            log.warning("dkim_key_cannot_be_opened", domain=domain, cure="make a new key: SECRET_KEY has changed")
    return found


def sending_domains() -> list[str]:
    """Those that letters come from, and those that have a key."""
    known = programme.current()
    mailboxes = select(Sender.address).where(Sender.kind == SenderKind.MAILBOX, Sender.active, Sender.address != "")
    addresses = [known.mail_from if known else "", *session().scalars(mailboxes)]
    from_addresses = {domain_of(parseaddr(address)[1]) for address in addresses}
    return sorted((from_addresses | set(session().scalars(select(DkimKey.domain).distinct()))) - {""})


def host_for(domain: str) -> str | None:
    """The mail server by which its letters leave: that of a sender of this domain, else of the settings."""
    query = select(Sender.address, MailAccount.host).join(MailAccount, MailAccount.sender_id == Sender.id)
    rows = session().execute(query.where(MailAccount.retired_at.is_(None)).order_by(Sender.id))
    own = (host for address, host in rows if domain_of(parseaddr(address)[1]) == domain)
    return next(own, None) or urlsplit(server()).hostname


def domain_or_404(domain: str) -> str:
    if domain not in sending_domains():
        raise NotThere(_("No letter comes from this domain."))
    return domain


def keys_of(domain: str) -> Sequence[DkimKey]:
    """The newest first."""
    return session().scalars(select(DkimKey).where(DkimKey.domain == domain).order_by(DkimKey.id.desc())).all()


def key_or_404(key_id: int) -> DkimKey:
    found = session().get(DkimKey, key_id)
    if found is None:
        raise NotThere(_("There is no such key."))
    return found


def signed_domains() -> set[str]:
    """Domains with an active key."""
    return set(session().scalars(select(DkimKey.domain).where(DkimKey.state == KeyState.ACTIVE)))

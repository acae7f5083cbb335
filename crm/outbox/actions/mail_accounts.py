"""Mailboxes that we write from: set up, tried, stopped, given up; and what a run finds out about their servers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask_babel import gettext as _
from sqlalchemy import select, update

from crm.core import journal
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood
from crm.core.mailboxes import Tls
from crm.core.sealed import seal
from crm.core.smtp import Line, ServerAway
from crm.core.tokens import new_secret
from crm.core.wake import wake_after_commit
from crm.outbox.actions.planning import SEND_DUE, write_letter
from crm.outbox.actions.wordings import put_wording
from crm.outbox.models import Letter, MailAccount, Sender
from crm.outbox.queries.mail_accounts import letters_waiting, mail_account_or_404
from crm.outbox.queries.ways import PURPOSE, Way, url_of
from crm.outbox.rules import Lane, LetterState, SenderKind, written_from


class SenderKnown(NotUnderstood):
    """There is a sender of this name already."""


class AddressNotUnderstood(NotUnderstood):
    """Nothing can come from such an address."""


class PasswordMissing(NotUnderstood):
    """A user name needs its password."""


@dataclass(frozen=True, slots=True)
class MailAccountDraft:
    """`password` of None keeps the one that is known."""

    name: str
    from_name: str
    address: str
    host: str
    port: int
    tls: Tls
    user: str
    password: str | None
    zone: str
    fills_in: bool
    per_hour: int | None
    per_day: int | None
    domain_per_hour: int | None
    domain_per_day: int | None
    warm_from: date | None
    warm_first: int | None


def _check(draft: MailAccountDraft, sender_id: int | None) -> None:
    other = session().scalar(select(Sender.id).where(Sender.name == draft.name))
    if other is not None and other != sender_id:
        raise SenderKnown(_("There is a sender called “%(name)s” already: choose another name.", name=draft.name))
    local, _at, domain = draft.address.rpartition("@")
    if not local or not domain or any(sign in draft.address for sign in " <>,;\"'"):
        raise AddressNotUnderstood(_("Write an address alone, such as news@example.org."))
    try:
        ZoneInfo(draft.zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise NotUnderstood(_("There is no such time zone.")) from error


def put_mail_account(sender_id: int | None, draft: MailAccountDraft, at: datetime) -> Sender:
    """Makes it or changes it, journaled without its password. Raises NotUnderstood, and NotThere."""
    _check(draft, sender_id)
    known = mail_account_or_404(sender_id) if sender_id is not None else None
    if draft.user and draft.password is None and (known is None or not known[1].sealed_password):
        raise PasswordMissing(_("A user needs a password, or leave both empty."))
    of_sender: dict[str, Any] = {
        "name": draft.name,
        "address": written_from(draft.from_name, draft.address),
        "zone": draft.zone,
        "per_hour": draft.per_hour,
        "per_day": draft.per_day,
    }
    limits = ("domain_per_hour", "domain_per_day", "warm_from", "warm_first")
    names = ("host", "port", "tls", "user", *limits, "fills_in")
    of_account = {name: value for name, value in asdict(draft).items() if name in names}
    if draft.password is not None:
        of_account["sealed_password"] = seal(PURPOSE, draft.password)
    elif not draft.user:
        of_account["sealed_password"] = ""
    if draft.fills_in:
        others = update(MailAccount).where(MailAccount.fills_in, MailAccount.sender_id != (sender_id or 0))
        session().execute(others.values(fills_in=False).execution_options(synchronize_session="fetch"))
    if known is None:
        sender = Sender(kind=SenderKind.MAILBOX, **of_sender)
        session().add(sender)
        session().flush()
        session().add(MailAccount(sender_id=sender.id, created_at=at, **of_account))
    else:
        sender, account = known
        for row, values in ((sender, of_sender), (account, of_account)):
            for name, value in values.items():
                setattr(row, name, value)
        account.said = account.away_since = None
    session().flush()
    told = {name: str(value) for name, value in {**of_sender, **of_account}.items() if name != "sealed_password"}
    journal.record("sender.put", f"sender:{sender.id}", at=at, after=told)
    wake_after_commit(SEND_DUE)
    return sender


def try_mail_account(account: MailAccount) -> None:
    """Connects and signs in; nothing leaves. Raises ServerAway, and SealBroken."""
    with Line(url_of(account)) as line:
        line.connect()


def note_try(sender_id: int, away: ServerAway | None, at: datetime) -> None:
    """What a try by hand has shown."""
    _note(sender_id, str(away) if away else None, at)


def note_server(way: Way, said: str | None, at: datetime) -> None:
    """What a run has found out about the account's server: why it could not be reached, or None."""
    if way.sender_id is not None and way.away is not (said is not None):
        _note(way.sender_id, said, at)


def _note(sender_id: int, said: str | None, at: datetime) -> None:
    values = {"said": said, "away_since": at if said else None}
    query = update(MailAccount).where(MailAccount.sender_id == sender_id).values(**values)
    session().execute(query.execution_options(synchronize_session="fetch"))


def send_test(sender_id: int, person_id: int, at: datetime) -> int:
    """A letter from the account to a member of staff; its number. Raises MoveRefused, and NotUnderstood."""
    sender, account = mail_account_or_404(sender_id)
    if not sender.active or account.retired_at is not None:
        raise MoveRefused(_("This sender is stopped: let it go on, and then send the test letter."))
    put_wording("outbox.test", "en", "A test from {{ programme }}", TEST_EN, at)
    put_wording("outbox.test", "zh", "来自 {{ programme }} 的测试邮件", TEST_ZH, at)
    occasion = f"test:sender:{new_secret()[:16]}"
    letter_id = write_letter(
        person_id, occasion, "outbox.test", {"name": sender.name}, lane=Lane.ASKED, at=at, sender_id=sender_id
    )
    if letter_id is None:
        raise NotUnderstood(_("A test letter goes to your own address: add one to your person's page."))
    journal.record("sender.test", f"sender:{sender_id}", at=at)
    return letter_id


TEST_EN = "This letter was sent by “{{ name }}”. If you can read it, the sender works."
TEST_ZH = "这封邮件由“{{ name }}”发出。您能读到它，说明这个发信账号可以使用。"


def set_mail_account_active(sender_id: int, active: bool, at: datetime) -> None:
    """Its letters wait, or leave again. Raises MoveRefused for one that was given up."""
    sender, account = mail_account_or_404(sender_id)
    if account.retired_at is not None:
        raise MoveRefused(_("This sender was given up: make a new one."))
    if sender.active is not active:
        sender.active = active
        session().flush()
        journal.record("account.resume" if active else "account.stop", f"sender:{sender_id}", at=at)
    if active:
        wake_after_commit(SEND_DUE)


def hand_letters_on(sender_id: int, to_id: int | None, at: datetime) -> int:
    """Letters that wait for this sender leave by another; None: by the mail server that all share. Returns how many.

    Raises MoveRefused when the other does not send.
    """
    mail_account_or_404(sender_id)
    if to_id is not None:
        sender, account = mail_account_or_404(to_id)
        if to_id == sender_id or not sender.active or account.retired_at is not None:
            raise MoveRefused(_("Choose another sender that is in use."))
    waiting = update(Letter).where(Letter.sender_id == sender_id, Letter.state == LetterState.QUEUED)
    moved = session().scalars(
        waiting.values(sender_id=to_id).returning(Letter.id).execution_options(synchronize_session=False)
    )
    count = len(moved.all())
    if count:
        journal.record("sender.hand_on", f"sender:{sender_id}", at=at, after={"letters": count, "to": to_id})
        wake_after_commit(SEND_DUE)
    return count


def retire_mail_account(sender_id: int, at: datetime) -> None:
    """Nothing leaves by it any more; what it has sent keeps its name. Its password is thrown away.

    Raises MoveRefused while letters wait for it.
    """
    sender, account = mail_account_or_404(sender_id)
    if account.retired_at is not None:
        return
    if letters_waiting(sender_id):
        raise MoveRefused(_("Letters wait for this sender: hand them on to another one first."))
    sender.active, account.retired_at, account.fills_in = False, at, False
    account.sealed_password, account.said, account.away_since = "", None, None
    session().flush()
    journal.record("sender.retire", f"sender:{sender_id}", at=at)

"""A letter as it is read: its wording filled, its foot, and the message that goes to the mail server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from functools import lru_cache
from typing import Any, Protocol

import structlog
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from crm.core import programme
from crm.core.bulk import among
from crm.core.db import session
from crm.core.dkim import Signer
from crm.core.errors import NotUnderstood
from crm.core.mail import Message, ascii_address, list_id, one_line
from crm.core.programme import Programme
from crm.core.tokens import hasher, signer, whole_address
from crm.outbox.models import Letter, Sender, Wording
from crm.outbox.queries.keys import domain_of, signers_by_domain
from crm.outbox.queries.layout import layout
from crm.outbox.queries.ways import stand_in
from crm.outbox.queries.wordings import fill, plain
from crm.outbox.rules import Channel, Lane, SenderKind

REFUSE = "refuse"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rendered:
    """`html` is empty for what is written by hand."""

    subject: str
    text: str
    html: str


class Written(Protocol):
    """What its message wants to know of a letter: the row itself, or what was read of it."""

    @property
    def id(self) -> int: ...
    @property
    def channel(self) -> Channel: ...
    @property
    def lane(self) -> Lane: ...
    @property
    def wording_id(self) -> int: ...
    @property
    def values(self) -> Mapping[str, Any] | None: ...
    @property
    def identity_value(self) -> str: ...
    @property
    def sender_id(self) -> int | None: ...
    @property
    def origin_id(self) -> int | None: ...


def refuse_links() -> Callable[[int], str]:
    """`refuse_link` for many letters."""
    signed, start = signer(REFUSE), whole_address("/u/")
    return lambda letter_id: start + signed(letter_id)


def refuse_link(letter_id: int) -> str:
    """The page on which this letter's reader asks to be left alone; it never expires."""
    return refuse_links()(letter_id)


@lru_cache(maxsize=64)
def _way_out(language: str) -> str:
    with force_locale(language):
        return str(_("If you do not want to hear from us again: %(link)s", link="\x00"))


def _foot(values: Mapping[str, Any], language: str, *, with_address: bool, with_link: bool) -> str:
    """Who writes, and the way to refuse: in each letter by mail, unless its wording says it already."""
    lines = []
    if with_address:
        lines.append(f"{values['programme']}, {values['postal_address']}")
    if with_link:
        lines.append(_way_out(language).replace("\x00", values["unsubscribe_link"]))
    return "\n".join(["", "-- ", *lines, ""]) if lines else ""


def values_of(known: Programme, link: str, own: Mapping[str, Any] | None) -> dict[str, Any]:
    """What fills a wording: the same in every letter, and the letter's own."""
    shared = {"programme": known.name, "postal_address": known.postal_address, "unsubscribe_link": link}
    return {**shared, **(own or {})}


def rendered(subject: str, body: str, language: str, values: Mapping[str, Any], *, by_mail: bool) -> Rendered:
    """A wording with these values. Raises NotUnderstood for a text that its limits stop."""
    text = fill(plain(body), values).strip() + "\n"
    heading = one_line(fill(subject, values))
    if not by_mail:
        return Rendered(heading, text, "")
    address = values["postal_address"]
    lacks = {"with_address": bool(address) and address not in text, "with_link": values["unsubscribe_link"] not in text}
    html = layout(body, language, **lacks).fill(values)
    return Rendered(heading, text + _foot(values, language, **lacks), html)


def render(letter: Written, wording: Wording, link: str = "") -> Rendered:
    """Raises NotUnderstood for a text that its limits stop. A forgotten person's letter has lost its values."""
    values = values_of(programme.required(), link or refuse_link(letter.id), letter.values)
    by_mail = letter.channel is Channel.MAIL
    return rendered(wording.subject, wording.body, wording.language, values, by_mail=by_mail)


def said_subject(subject: str, values: Mapping[str, Any] | None) -> str:
    """The subject as its reader saw it; as it was written when its placeholders cannot be filled."""
    try:
        return one_line(fill(subject, {"programme": programme.required().name, **(values or {})}))
    except NotUnderstood:
        return subject


_parsed = lru_cache(maxsize=256)(parseaddr)


def address_of(sender: Sender) -> tuple[str, str]:
    """(name before it, address) that a mailbox writes from."""
    return _parsed(sender.address)


def sender_name(known: Programme, sender: Sender | None) -> str:
    """A mailbox may write under a name of its own: `Lin of Orange <lin@orange.example>`."""
    own = address_of(sender)[0] if sender is not None and sender.kind is SenderKind.MAILBOX else ""
    return own or known.name


def sender_address(known: Programme, sender: Sender | None) -> str:
    """What letters come from; empty while the programme has none."""
    if sender is not None and sender.kind is SenderKind.MAILBOX and sender.address:
        return _parsed(sender.address)[1]
    return _parsed(known.mail_from)[1]


def message_ids(domain: str) -> Callable[[int], str]:
    """`message_id` for many letters."""
    hashed = hasher()
    return lambda letter_id: f"<letter-{letter_id}.{hashed(f'letter:{letter_id}')[:16]}@{domain}>"


def message_id(letter_id: int, domain: str) -> str:
    """The same for every try of a letter, so that whoever gets it twice can tell."""
    return message_ids(domain)(letter_id)


@lru_cache(maxsize=256)
def mail_domain(address: str) -> str:
    """Of the Message-IDs of what is sent from this address."""
    return ascii_address(f"@{address.rpartition('@')[2] or 'localhost'}")[1:]


def _headers(letter: Written, name: str, domain: str, link: str) -> dict[str, str]:
    """What mail programs sort by, and their button to unsubscribe. What somebody has just asked for is no list.

    A campaign is sent by a person: it is bulk, not generated by a machine. An answer hangs on what it answers.
    """
    values = letter.values or {}
    if "in_reply_to" in values:
        thread = {"In-Reply-To": values["in_reply_to"], "References": values.get("references", "")}
        return {name: value for name, value in thread.items() if value}
    if letter.lane is Lane.ASKED:
        return {"Auto-Submitted": "auto-generated"}
    part = f"campaign-{letter.origin_id}" if letter.lane is Lane.CAMPAIGN else "notices"
    by = {"Precedence": "bulk"} if letter.lane is Lane.CAMPAIGN else {"Auto-Submitted": "auto-generated"}
    return {
        "List-Id": _list_id(name, part, domain),
        "List-Unsubscribe": f"<{link}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Feedback-ID": f"{part}:{letter.wording_id}:{letter.lane}:seedbed",
        **by,
    }


_list_id = lru_cache(maxsize=1024)(list_id)


def message_of(
    letter: Written,
    wording: Wording,
    sender: Sender | None,
    at: datetime,
    signers: tuple[Signer, ...] = (),
    *,
    link: str = "",
    own_id: str = "",
) -> Message:
    """`link` and `own_id` stand for its way to refuse and its Message-ID."""
    known = programme.required()
    link = link or refuse_link(letter.id)
    said = render(letter, wording, link)
    address = sender_address(known, sender)
    domain = mail_domain(address)
    return Message(
        message_id=own_id or message_id(letter.id, domain),
        from_name=sender_name(known, sender),
        from_address=address,
        to_address=letter.identity_value,
        subject=said.subject,
        text=said.text,
        html=said.html,
        at=at,
        headers=_headers(letter, known.name, address.rpartition("@")[2] or "localhost", link),
        signers=signers,
    )


@dataclass(frozen=True, slots=True)
class Books:
    """What letters share, read once for many of them."""

    wordings: Mapping[int, Wording]
    senders: Mapping[int | None, Sender]
    keys: Mapping[str, tuple[Signer, ...]]
    known: Programme

    def message(self, letter: Written, at: datetime, *, link: str = "", own_id: str = "") -> Message | None:
        """None for one that its limits stop."""
        sender = self.senders.get(letter.sender_id)
        signers = self.keys.get(domain_of(self.from_address(letter)), ())
        wording = self.wordings[letter.wording_id]
        try:
            return message_of(letter, wording, sender, at, signers, link=link, own_id=own_id)
        except NotUnderstood as error:
            log.warning("letter_cannot_be_read", letter=letter.id, wording=wording.id, fault=str(error))
            return None

    def from_address(self, letter: Written) -> str:
        return sender_address(self.known, self.senders.get(letter.sender_id))


def books_of(letters: Sequence[Written]) -> Books:
    senders = _by_id(Sender, {letter.sender_id for letter in letters if letter.sender_id is not None})
    substitute = stand_in()
    return Books(
        wordings=_by_id(Wording, {letter.wording_id for letter in letters}),
        senders=senders if substitute is None else {**senders, None: substitute},
        keys=signers_by_domain(),
        known=programme.required(),
    )


def messages(letter_ids: Sequence[int], at: datetime) -> dict[int, Message]:
    """What these letters are on the wire. One that its limits stop is left out."""
    letters: Any = session().execute(select(*Letter.__table__.columns).where(among(Letter.id, letter_ids))).all()
    books = books_of(letters)
    made = {letter.id: books.message(letter, at) for letter in letters}
    return {number: message for number, message in made.items() if message is not None}


def _by_id(model: Any, ids: set[int]) -> dict[Any, Any]:
    if not ids:
        return {}
    return {one.id: one for one in session().scalars(select(model).where(among(model.id, ids)))}

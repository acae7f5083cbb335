"""A letter as it is read: its wording filled, its foot, and the message that goes to the mail server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from crm.core import programme
from crm.core.bulk import among
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.mail import Message, one_line
from crm.core.programme import Programme
from crm.core.tokens import keyed_hash, sign, whole_address
from crm.outbox.models import Letter, Sender, Wording
from crm.outbox.queries.wordings import fill
from crm.outbox.rules import Channel, Lane, SenderKind

REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str


def refuse_link(letter_id: int) -> str:
    """The page on which this letter's reader asks to be left alone."""
    return whole_address(f"/u/{sign(REFUSE, letter_id)}")


def _foot(known: Programme, link: str, text: str, language: str) -> str:
    """Who writes, and the way to refuse: in each letter by mail, unless its wording says it already."""
    lines = []
    if known.postal_address and known.postal_address not in text:
        lines.append(f"{known.name}, {known.postal_address}")
    if link not in text:
        with force_locale(language):
            lines.append(_("If you do not want to hear from us again: %(link)s", link=link))
    return "\n".join(["", "-- ", *lines, ""]) if lines else ""


def render(letter: Letter, wording: Wording) -> Rendered:
    """Raises NotUnderstood for a text that its limits stop. A forgotten person's letter has lost its values."""
    known = programme.required()
    link = refuse_link(letter.id)
    values = {
        "programme": known.name,
        "postal_address": known.postal_address,
        "unsubscribe_link": link,
        **(letter.values or {}),
    }
    text = fill(wording.body, values).strip() + "\n"
    if letter.channel is Channel.MAIL:
        text += _foot(known, link, text, wording.language)
    return Rendered(one_line(fill(wording.subject, values)), text)


def said_subject(subject: str, values: Mapping[str, Any] | None) -> str:
    """The subject as its reader saw it; as it was written when its placeholders cannot be filled."""
    try:
        return one_line(fill(subject, {"programme": programme.required().name, **(values or {})}))
    except NotUnderstood:
        return subject


def sender_address(known: Programme, sender: Sender | None) -> str:
    """What letters come from; empty while the programme has none."""
    if sender is not None and sender.kind is SenderKind.MAILBOX and sender.address:
        return parseaddr(sender.address)[1]
    return parseaddr(known.mail_from)[1]


def message_id(letter_id: int, domain: str) -> str:
    """The same for every try of a letter, so that whoever gets it twice can tell."""
    return f"<letter-{letter_id}.{keyed_hash(f'letter:{letter_id}')[:16]}@{domain}>"


def _thread(letter: Letter) -> dict[str, str]:
    """What an answer hangs on; every other letter is written by the program."""
    values = letter.values or {}
    if "in_reply_to" not in values:
        return {"Auto-Submitted": "auto-generated"}
    headers = {"In-Reply-To": values["in_reply_to"], "References": values.get("references", "")}
    return {name: value for name, value in headers.items() if value}


def message_of(letter: Letter, wording: Wording, sender: Sender | None, at: datetime) -> Message:
    known = programme.required()
    rendered = render(letter, wording)
    address = sender_address(known, sender)
    domain = address.rpartition("@")[2] or "localhost"
    part = f"campaign-{letter.origin_id}" if letter.lane is Lane.CAMPAIGN else "notices"
    headers = {"List-Id": f"{one_line(known.name)} <{part}.{domain}>", **_thread(letter)}
    if letter.lane is not Lane.ASKED:
        headers["List-Unsubscribe"] = f"<{refuse_link(letter.id)}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return Message(
        message_id=message_id(letter.id, domain),
        from_name=known.name,
        from_address=address,
        to_address=letter.identity_value,
        subject=rendered.subject,
        text=rendered.text,
        at=at,
        headers=headers,
    )


def messages(letter_ids: Sequence[int], at: datetime) -> dict[int, Message]:
    """What these letters are on the wire, in three questions: rows of columns, as objects cost more than their text."""
    rows: Any = session().execute(select(*Letter.__table__.columns).where(among(Letter.id, letter_ids))).all()
    wordings = {row.wording_id for row in rows}
    senders = {row.sender_id for row in rows if row.sender_id is not None}
    known = {one.id: one for one in session().scalars(select(Wording).where(among(Wording.id, wordings)))}
    boxes = {one.id: one for one in session().scalars(select(Sender).where(among(Sender.id, senders)))}
    return {row.id: message_of(row, known[row.wording_id], boxes.get(row.sender_id), at) for row in rows}

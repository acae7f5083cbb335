"""Mail: one message as bytes. How it leaves is told in `smtp`."""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from urllib.parse import urlsplit

from flask import current_app

from crm.core.dkim import Signer

LONGEST_LINE = 990
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
SPECIALS = re.compile(r'[][\\()<>@,:;".]')
WORD_BYTES = 45
"""Of text in one encoded word, which may be 75 characters long (RFC 2047); three bytes become four."""


@dataclass(frozen=True, slots=True)
class Message:
    """One letter on its way. `headers` are added as they are; without `html` it is plain text alone."""

    message_id: str
    from_name: str
    from_address: str
    to_address: str
    subject: str
    text: str
    at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    html: str = ""
    signers: tuple[Signer, ...] = ()


class Encoded(str):
    """A header's value as it crosses the wire, made here out of what one_line and phrase let through."""

    __slots__ = ()


def one_line(text: str) -> str:
    """Text for a header: no line break in it can begin another header."""
    return (text if text.isprintable() else CONTROL.sub(" ", text)).strip()


def _words(text: str) -> str:
    """Encoded words (RFC 2047), one a line, none of which breaks a character in two."""
    raw, words, start = text.encode(), [], 0
    while start < len(raw):
        end = start + WORD_BYTES
        while end < len(raw) and raw[end] & 0xC0 == 0x80:
            end -= 1
        words.append(f"=?utf-8?B?{binascii.b2a_base64(raw[start:end], newline=False).decode('ascii')}?=")
        start = end
    return "\r\n ".join(words)


def encoded(name: str, value: str) -> str:
    value = one_line(value)
    if value.isascii() and "=?" not in value and len(name) + len(value) < LONGEST_LINE:
        return value
    return _words(value)


@lru_cache(maxsize=256)
def phrase(name: str) -> str:
    """A name as it stands before an address in angle brackets, or before a list's."""
    name = one_line(name)
    if not name.isascii() or "=?" in name or len(name) > 200:
        return _words(name)
    if SPECIALS.search(name):
        return '"' + name.replace("\\", r"\\").replace('"', r"\"") + '"'
    return name


def list_id(name: str, part: str, domain: str) -> Encoded:
    """RFC 2919: a name for people, and one for filters."""
    return Encoded(f"{phrase(name)} <{part}.{shown('@' + domain)[1:]}>")


def ascii_address(address: str) -> str:
    """The domain as the network knows it (IDNA); a local part outside ASCII stays, for servers with SMTPUTF8."""
    local, _at, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}@{domain.encode('idna').decode('ascii')}"


def shown(address: str) -> str:
    """An address for a header. One whose domain has no form for the network stays: the server refuses it."""
    try:
        return one_line(ascii_address(address))
    except UnicodeError:
        return one_line(address)


@lru_cache(maxsize=256)
def _sender(name: str, address: str) -> str:
    bare = shown(address)
    if not (said := phrase(name)):
        return bare
    return f"{said}{chr(13) + chr(10) if len(said) + len(bare) > 70 else ''} <{bare}>"


@lru_cache(maxsize=16)
def date_of(at: datetime) -> str:
    return format_datetime(at)


def part(kind: str, text: str) -> str:
    """A part: its headers, an empty line, and its text as it is, or encoded where a server may not take it so."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    body = "\r\n".join(lines) + "\r\n"
    encoding = "7bit"
    if not body.isascii():
        encoding, raw = "base64", binascii.b2a_base64(body.encode(), newline=False).decode("ascii")
        body = "\r\n".join([raw[i : i + 76] for i in range(0, len(raw), 76)]) + "\r\n"
    elif max(map(len, lines)) > LONGEST_LINE or "\0" in body:
        encoding, body = "quoted-printable", binascii.b2a_qp(body.encode(), istext=True).decode("ascii")
    return f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}"


def boundary(message_id: str) -> str:
    """It follows from the keyed Message-ID: nobody who fills in a value can know it."""
    return f"=_{hashlib.sha256(message_id.encode()).hexdigest()[:24]}"


def content_of(message: Message) -> tuple[str, str]:
    """What follows the letter's own headers: the headers of its content, and the content."""
    text = part("plain", message.text)
    if not message.html:
        head, _line, body = text.partition("\r\n\r\n")
        return f"{head}\r\n", body
    mark = boundary(message.message_id)
    return f'Content-Type: multipart/alternative; boundary="{mark}"\r\n', alternative(
        mark, text, part("html", message.html)
    )


def alternative(mark: str, text: str, html: str) -> str:
    """Both parts with the boundary around them."""
    return f"--{mark}\r\n{text}--{mark}\r\n{html}--{mark}--\r\n"


def head_of(message: Message) -> str:
    """The letter's own headers."""
    head = {
        "From": _sender(message.from_name, message.from_address),
        "To": shown(message.to_address),
        "Subject": encoded("Subject", message.subject),
        "Date": date_of(message.at),
        "Message-ID": message.message_id,
        **{
            name: value if isinstance(value, Encoded) else encoded(name, value)
            for name, value in message.headers.items()
        },
        "MIME-Version": "1.0",
    }
    return "".join([f"{name}: {value}\r\n" for name, value in head.items()])


def signed(head: str, body: str, signers: tuple[Signer, ...]) -> bytes:
    """The message as it crosses the wire."""
    if not signers:
        return f"{head}\r\n{body}".encode()
    content = body.encode()
    return "".join([*(signer.sign(head, content) for signer in signers), head, "\r\n"]).encode() + content


def as_bytes(message: Message) -> bytes:
    """The message as it crosses the wire. Written by hand: the standard library's builder takes 100 times as long."""
    more, body = content_of(message)
    return signed(head_of(message) + more, body, message.signers)


def server() -> str:
    """The address of the mail server that is set; empty when none is."""
    return str(current_app.config["SMTP_URL"])


def is_mailbox(url: str) -> bool:
    """Whether letters are delivered to a page of ours, for a rehearsal, and to nobody else."""
    return urlsplit(url).scheme == "mailbox"

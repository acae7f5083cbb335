"""Mail: one message as bytes, and a kept connection to a mail server that says exactly what became of each."""

from __future__ import annotations

import base64
import re
import smtplib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr
from enum import StrEnum
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS = 20.0
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
LONGEST_LINE = 990
CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Message:
    """One letter on its way: plain text in UTF-8. `headers` are added as they are."""

    message_id: str
    from_name: str
    from_address: str
    to_address: str
    subject: str
    text: str
    at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)


def one_line(text: str) -> str:
    """Text for a header: no line break in it can begin another header."""
    return CONTROL.sub(" ", text).strip()


def _encoded(name: str, value: str) -> str:
    value = one_line(value)
    if value.isascii() and len(name) + len(value) < LONGEST_LINE:
        return value
    return Header(value, "utf-8", header_name=name, maxlinelen=76).encode(linesep="\r\n")


def ascii_address(address: str) -> str:
    """The domain as the network knows it (IDNA); a local part outside ASCII stays, for servers with SMTPUTF8."""
    local, _at, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}@{domain.encode('idna').decode('ascii')}"


def _body(text: str) -> tuple[str, str]:
    """Transfer encoding and encoded text."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    if all(line.isascii() and len(line) <= LONGEST_LINE for line in lines):
        return "7bit", "\r\n".join(lines) + "\r\n"
    encoded = base64.encodebytes(("\r\n".join(lines) + "\r\n").encode()).decode("ascii")
    return "base64", encoded.replace("\n", "\r\n")


def as_bytes(message: Message) -> bytes:
    """The message as it crosses the wire. Written by hand: the standard library's builder takes 100 times as long."""
    encoding, body = _body(message.text)
    name = one_line(message.from_name)
    sender = formataddr((name, message.from_address), "utf-8") if name else message.from_address
    head = {
        "From": sender,
        "To": one_line(message.to_address),
        "Subject": _encoded("Subject", message.subject),
        "Date": format_datetime(message.at),
        "Message-ID": message.message_id,
        **{name: _encoded(name, value) for name, value in message.headers.items()},
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": encoding,
    }
    return ("".join(f"{name}: {value}\r\n" for name, value in head.items()) + "\r\n" + body).encode()


class Fate(StrEnum):
    """What became of a message. Unknown: the connection broke after its text had begun to leave."""

    ACCEPTED = "accepted"
    PUT_OFF = "put_off"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` is the server's reply, as far as there was one."""

    fate: Fate
    text: str


class ServerAway(Exception):
    """The mail server cannot be reached, or does not let us in. Nothing has left; `str(error)` says what it said."""


def is_mailbox(url: str) -> bool:
    return urlsplit(url).scheme == "mailbox"


def _told(code: int, reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return one_line(f"{code} {text}")[:500]


def _answer(code: int, reply: bytes) -> Answer:
    fates = {2: Fate.ACCEPTED, 4: Fate.PUT_OFF}
    return Answer(fates.get(code // 100, Fate.REFUSED), _told(code, reply))


class Line:
    """One kept connection, one message in flight. Use it as a context manager; it connects when first needed."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._smtp is not None:
            try:
                self._smtp.quit()
            except (smtplib.SMTPException, OSError):
                self._smtp.close()
            self._smtp = None

    def _connected(self) -> smtplib.SMTP:
        parts = self._parts
        host, port = parts.hostname or "localhost", parts.port or PORTS[parts.scheme]
        if parts.scheme == "smtps":
            context = ssl.create_default_context()
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            smtp = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
        smtp.ehlo_or_helo_if_needed()
        if parts.scheme == "smtp+starttls":
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo()
        if parts.username:
            smtp.login(unquote(parts.username), unquote(parts.password or ""))
        return smtp

    def connect(self) -> smtplib.SMTP:
        """Raises ServerAway."""
        if self._smtp is None:
            try:
                self._smtp = self._connected()
            except (smtplib.SMTPException, OSError) as error:
                raise ServerAway(f"{self._parts.hostname}: {one_line(str(error))}") from error
        return self._smtp

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None

    def _envelope(self, smtp: smtplib.SMTP, from_address: str, to_address: str) -> Answer | None:
        """Sender and recipient; None when the server is ready for the text."""
        options = []
        if not (from_address + to_address).isascii():
            if not smtp.has_extn("smtputf8"):
                return Answer(Fate.REFUSED, "this mail server takes no addresses outside ASCII (SMTPUTF8)")
            options.append("SMTPUTF8")
        steps: tuple[Callable[[], tuple[int, bytes]], ...] = (
            lambda: smtp.mail(from_address, options),
            lambda: smtp.rcpt(to_address),
            lambda: smtp.docmd("DATA"),
        )
        for step in steps:
            code, reply = step()
            if code // 100 not in (2, 3):
                self._reset(smtp)
                return _answer(code, reply)
        return None

    def _reset(self, smtp: smtplib.SMTP) -> None:
        try:
            smtp.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _ready(self, from_address: str, to_address: str) -> Answer | None:
        """A connection that the server closed while it was idle is opened once more: no text has left yet."""
        try:
            return self._envelope(self.connect(), from_address, to_address)
        except (smtplib.SMTPServerDisconnected, OSError):
            self._drop()
        try:
            return self._envelope(self.connect(), from_address, to_address)
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            self._drop()
            return Answer(Fate.PUT_OFF, one_line(str(error)))

    def send(self, from_address: str, to_address: str, content: bytes) -> Answer:
        """Hands one message over. Raises ServerAway when there is no connection to hand it over on."""
        try:
            refused = self._ready(ascii_address(from_address), ascii_address(to_address))
        except UnicodeError as error:
            return Answer(Fate.REFUSED, one_line(str(error)))
        if refused is not None:
            return refused
        smtp = self.connect()
        try:
            smtp.send(re.sub(rb"(?m)^\.", b"..", content) + b".\r\n")
            code, reply = smtp.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Answer(Fate.UNKNOWN, one_line(str(error)) or type(error).__name__)
        return _answer(code, reply)

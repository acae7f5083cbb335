"""A kept connection to a mail server that says of each letter exactly what became of it.

Where the server offers PIPELINING, the text of one letter leaves together with the envelope of the next, so that a
letter costs one turn on the wire. At any moment the text of at most one letter is on its way on a line.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from crm.core.mail import ascii_address, one_line

TIMEOUT_SECONDS = 20.0
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
LONGEST_REPLY = 65_536
"""Bytes of one answer, all its lines together: who says more is no mail server."""
NO_ADDRESS = re.compile(r"[\x00-\x20\x7f<>]")
TAKEN, GO_ON, CLOSING = 2, 3, 421


class Fate(StrEnum):
    """What became of a message. Unknown: the line broke after its text had begun to leave. Kept: nothing has left."""

    ACCEPTED = "accepted"
    PUT_OFF = "put_off"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` is the server's reply, as far as there was one. `to`: the command that a refusal answers, such as RCPT;
    empty for the answer to a letter's text, and where no server was asked.
    """

    fate: Fate
    text: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message as it crosses the wire, and its envelope."""

    from_address: str
    to_address: str
    content: bytes


class ServerAway(Exception):
    """The mail server cannot be reached, or does not let us in. Nothing has left; `str(error)` says what it said."""


class _Nonsense(smtplib.SMTPServerDisconnected):
    """What came is no answer of a mail server: nothing more can be understood on this connection."""


class _Bounded:
    """What a server may make us read has an end."""

    def getreply(self) -> tuple[int, bytes]:
        """Raises SMTPServerDisconnected, also for what is no answer, or OSError; the connection is closed then."""
        smtp: Any = self
        try:
            return self._read(smtp)
        except (smtplib.SMTPException, OSError):
            smtp.close()
            raise

    def _read(self, smtp: Any) -> tuple[int, bytes]:
        if smtp.file is None:
            smtp.file = smtp.sock.makefile("rb")
        lines: list[bytes] = []
        size = 0
        while True:
            line = smtp.file.readline(LONGEST_REPLY)
            size += len(line)
            if not line.endswith(b"\n"):
                raise _Nonsense("the answer is too long" if line and size >= LONGEST_REPLY else "the line was closed")
            if size > LONGEST_REPLY:
                raise _Nonsense("the answer is too long")
            if not line[:3].isdigit() or line[3:4] not in (b" ", b"-", b"\r", b"\n"):
                raise _Nonsense(f"no answer of a mail server: {line[:80]!r}")
            lines.append(line[4:].strip())
            if line[3:4] != b"-":
                return int(line[:3]), b"\n".join(lines)


class _Plain(_Bounded, smtplib.SMTP):
    pass


class _Secret(_Bounded, smtplib.SMTP_SSL):
    pass


def _told(code: int, reply: bytes) -> str:
    return one_line(f"{code} {reply.decode('utf-8', 'replace')}")[:500]


def _answer(code: int, reply: bytes, to: str = "") -> Answer:
    """Raises _Nonsense for a code that answers no text."""
    fates = {2: Fate.ACCEPTED, 4: Fate.PUT_OFF, 5: Fate.REFUSED}
    if code // 100 not in fates:
        raise _Nonsense(f"no answer of a mail server: {_told(code, reply)}")
    return Answer(fates[code // 100], _told(code, reply), to)


def _dotted(content: bytes) -> bytes:
    """The text as it crosses the wire: a line that is one dot ends it."""
    content = (b"." if content.startswith(b".") else b"") + content.replace(b"\n.", b"\n..")
    return content + (b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n")


class Line:
    """One kept connection. Use it as a context manager, from one thread; it connects when first needed."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._smtp: smtplib.SMTP | None = None
        self._leaving = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Says goodbye, where somebody still listens."""
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
            smtp: smtplib.SMTP = _Secret(host, port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            smtp = _Plain(host, port, timeout=TIMEOUT_SECONDS)
        try:
            smtp.ehlo_or_helo_if_needed()
            if parts.scheme == "smtp+starttls":
                smtp.starttls(context=ssl.create_default_context())
                smtp.ehlo()
            if parts.username:
                smtp.login(unquote(parts.username), unquote(parts.password or ""))
        except BaseException:
            smtp.close()
            raise
        return smtp

    def connect(self) -> smtplib.SMTP:
        """Raises ServerAway."""
        if self._smtp is None:
            try:
                self._smtp = self._connected()
            except (smtplib.SMTPException, OSError, ValueError) as error:
                raise ServerAway(f"{self._parts.hostname}: {one_line(str(error))[:500]}") from error
        return self._smtp

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None

    # ------------------------------------------------------------ letters

    def send(self, from_address: str, to_address: str, content: bytes) -> Answer:
        """Hands one message over. Raises ServerAway when there is no connection to hand it over on."""
        self.connect()
        return self.send_all([Parcel(from_address, to_address, content)])[0]

    def send_all(self, parcels: Sequence[Parcel], enough: Callable[[], bool] = lambda: False) -> list[Answer]:
        """Hands these over and says what became of each; what has not begun when it is `enough` is kept.

        A line that breaks is opened again: the letter whose text had begun to leave is unknown, the others go on. One
        whose envelope breaks a fresh connection is put off; when there is no connection at all, the rest is kept.
        """
        answers: list[Answer] = []
        while len(answers) < len(parcels) and not enough():
            before, fresh = len(answers), self._smtp is None
            try:
                self._over(self.connect(), parcels, answers, enough)
                break
            except ServerAway as away:
                answers += [Answer(Fate.KEPT, str(away))] * (len(parcels) - len(answers))
            except (smtplib.SMTPException, OSError) as error:
                self._drop()
                said = one_line(str(error))[:500] or type(error).__name__
                if self._leaving:
                    answers.append(Answer(Fate.UNKNOWN, said))
                elif fresh and len(answers) == before:
                    answers.append(Answer(Fate.PUT_OFF, said))
            finally:
                self._leaving = False
        return answers + [Answer(Fate.KEPT, "")] * (len(parcels) - len(answers))

    def _over(
        self, smtp: smtplib.SMTP, parcels: Sequence[Parcel], answers: list[Answer], enough: Callable[[], bool]
    ) -> None:
        """Adds the answers as they come. `before` leaves with the next envelope: a text, or what undoes a refused one.

        Nothing follows a server's 421: it is closing.
        """
        before = b""
        while len(answers) + self._leaving < len(parcels) or before:
            position = len(answers) + self._leaving
            following = None if position == len(parcels) or enough() else parcels[position]
            envelope = b"" if following is None else self._envelope(smtp, following)
            commands = envelope if isinstance(envelope, bytes) else b""
            piped = smtp.has_extn("pipelining")
            smtp.send(before + commands if piped else before)
            if before:
                said = smtp.getreply()
                if self._leaving:
                    answers.append(_answer(*said))
                    self._leaving = False
                before = b""
                self._still_open(said[0])
            if following is None:
                return
            if isinstance(envelope, Answer):
                answers.append(envelope)
                continue
            refused, go_on = self._answers_to(smtp, commands, piped)
            if refused is not None:
                answers.append(refused)
                self._still_open(int(refused.text[:3]))
                before = b".\r\n" if go_on else b"RSET\r\n"
                continue
            before, self._leaving = _dotted(following.content), True

    def _still_open(self, code: int) -> None:
        if code == CLOSING:
            raise smtplib.SMTPServerDisconnected("the server is closing")

    def _envelope(self, smtp: smtplib.SMTP, parcel: Parcel) -> bytes | Answer:
        """The commands before the text; or why no server will be asked."""
        try:
            sender, recipient = ascii_address(parcel.from_address), ascii_address(parcel.to_address)
        except UnicodeError as error:
            return Answer(Fate.REFUSED, f"500 {one_line(str(error))}")
        for address in (sender, recipient):
            local, _at, domain = address.rpartition("@")
            if not local or not domain or NO_ADDRESS.search(address):
                return Answer(Fate.REFUSED, f"501 {one_line(address)[:200]!r} is no address")
        option = ""
        if not (sender + recipient).isascii():
            if not smtp.has_extn("smtputf8"):
                return Answer(Fate.REFUSED, "550 this mail server takes no addresses outside ASCII (SMTPUTF8)")
            option = " SMTPUTF8"
        return f"MAIL FROM:<{sender}>{option}\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode()

    def _answers_to(self, smtp: smtplib.SMTP, commands: bytes, piped: bool) -> tuple[Answer | None, bool]:
        """The first refusal of an envelope, and whether the server waits for a text all the same."""
        refused: Answer | None = None
        code = 0
        for command, wanted in zip(commands.splitlines(keepends=True), (TAKEN, TAKEN, GO_ON), strict=True):
            if not piped:
                smtp.send(command)
            code, reply = smtp.getreply()
            if code // 100 == wanted:
                continue
            if code // 100 not in (4, 5):
                raise _Nonsense(f"no answer to {command[:4].decode()}: {_told(code, reply)}")
            refused = refused or _answer(code, reply, command[:4].decode())
            if not piped or code == CLOSING:
                return refused, False
        return refused, refused is not None and code // 100 == GO_ON

"""A mailbox that is read over IMAP or POP3: which messages there are, and each as bytes, never more than asked for.

Reading changes nothing there: no message is marked as seen, and none is deleted but by `delete`.
"""

from __future__ import annotations

import imaplib
import poplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from crm.core.mail import one_line

TIMEOUT_SECONDS = 20.0
LARGEST = 10 * 1024 * 1024
"""Messages above it are read in part only."""
PART = 256 * 1024
PART_LINES = 500
LONGEST_LINE = 1024 * 1024


class MailboxKind(StrEnum):
    IMAP = "imap"
    POP3 = "pop3"


class Tls(StrEnum):
    """`tls` from the first byte, `starttls` after a greeting, `none` in the clear."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


PORTS = {
    (MailboxKind.IMAP, Tls.TLS): 993,
    (MailboxKind.IMAP, Tls.STARTTLS): 143,
    (MailboxKind.IMAP, Tls.NONE): 143,
    (MailboxKind.POP3, Tls.TLS): 995,
    (MailboxKind.POP3, Tls.STARTTLS): 110,
    (MailboxKind.POP3, Tls.NONE): 110,
}


class Fault(StrEnum):
    """What is wrong with a mailbox, so that a page can say what to do about it."""

    UNREACHABLE = "unreachable"
    TLS = "tls"
    LOGIN = "login"
    FOLDER = "folder"
    BROKE_OFF = "broke_off"
    SEAL = "seal"


class MailboxAway(Exception):
    """It cannot be read now. `str(error)` is what the network or the server said."""

    def __init__(self, fault: Fault, said: str) -> None:
        super().__init__(said)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Account:
    protocol: MailboxKind
    host: str
    port: int
    tls: Tls
    user: str
    password: str
    folder: str = "INBOX"
    read_only: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of the mailbox. `key` stays its own; `number` is how this connection calls it."""

    key: str
    number: int
    size: int


@dataclass(frozen=True, slots=True)
class Raw:
    content: bytes
    whole: bool


class Unreadable(Exception):
    """The server has this message and cannot, or will not, hand it over."""


class Open(Protocol):
    def count(self) -> int: ...
    def entries(self, after: str) -> list[Entry]: ...
    def fetch(self, entry: Entry) -> Raw: ...
    def delete(self, entry: Entry) -> None: ...


def _said(error: BaseException) -> str:
    words = error.args[0] if error.args and isinstance(error.args[0], bytes) else str(error).encode()
    return one_line(words.decode("utf-8", "replace"))[:300] or type(error).__name__


@contextmanager
def _or(fault: Fault) -> Iterator[None]:
    try:
        yield
    except ssl.SSLError as error:
        raise MailboxAway(Fault.TLS, _said(error)) from error
    except (imaplib.IMAP4.error, poplib.error_proto) as error:
        raise MailboxAway(fault, _said(error)) from error
    except (OSError, EOFError, UnicodeError) as error:
        raise MailboxAway(Fault.UNREACHABLE if fault is Fault.UNREACHABLE else Fault.BROKE_OFF, _said(error)) from error


# ---------------------------------------------------------------- IMAP

SIZE = re.compile(rb"UID (\d+).*?RFC822\.SIZE (\d+)|RFC822\.SIZE (\d+).*?UID (\d+)")


class _Imap:
    def __init__(self, imap: imaplib.IMAP4, folder: str, *, read_only: bool) -> None:
        self._imap = imap
        with _or(Fault.FOLDER):
            quoted = '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
            answer, told = imap.select(quoted, readonly=read_only)
            if answer != "OK":
                raise MailboxAway(Fault.FOLDER, one_line((told[0] or b"").decode("utf-8", "replace"))[:300])
            self._count = int(told[0] or 0)
        _name, found = imap.response("UIDVALIDITY")
        self._validity = int(found[0]) if found and found[0] else 0

    def count(self) -> int:
        return self._count

    def entries(self, after: str) -> list[Entry]:
        """Those that came after the one with this key, in the order they came; all, when the server began anew."""
        validity, _dot, uid = after.partition(".")
        last = int(uid) if uid.isdecimal() and validity == str(self._validity) else 0
        with _or(Fault.BROKE_OFF):
            answer, rows = self._imap.uid("FETCH", f"{last + 1}:*", "(UID RFC822.SIZE)") if self._count else ("OK", [])
        if answer != "OK":
            raise MailboxAway(Fault.BROKE_OFF, answer)
        found = []
        for row in rows:
            told = SIZE.search(row if isinstance(row, bytes) else b"")
            if told is not None:
                number, size = (int(told[1]), int(told[2])) if told[1] else (int(told[4]), int(told[3]))
                found.append((number, size))
        return [Entry(f"{self._validity}.{n}", n, size) for n, size in sorted(found) if n > last]

    def fetch(self, entry: Entry) -> Raw:
        whole = entry.size <= LARGEST
        with _or(Fault.BROKE_OFF):
            answer, rows = self._imap.uid("FETCH", str(entry.number), f"(BODY.PEEK[]<0.{LARGEST if whole else PART}>)")
        parts = [row[1] for row in rows if isinstance(row, tuple) and isinstance(row[1], bytes)]
        if answer != "OK" or not parts:
            raise Unreadable
        return Raw(parts[0], whole)

    def delete(self, entry: Entry) -> None:
        with _or(Fault.BROKE_OFF):
            self._imap.uid("STORE", str(entry.number), "+FLAGS.SILENT", r"(\Deleted)")
            _answer, able = self._imap.capability()
            if able and b"UIDPLUS" in able[0].upper().split():  # without it, what others have marked would go too
                self._imap.uid("EXPUNGE", str(entry.number))


@contextmanager
def _imap(account: Account) -> Iterator[Open]:
    context = ssl.create_default_context()
    with _or(Fault.UNREACHABLE):
        if account.tls is Tls.TLS:
            imap: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                account.host, account.port, ssl_context=context, timeout=TIMEOUT_SECONDS
            )
        else:
            imap = imaplib.IMAP4(account.host, account.port, timeout=TIMEOUT_SECONDS)
    try:
        if account.tls is Tls.STARTTLS:
            with _or(Fault.TLS):
                imap.starttls(context)
        with _or(Fault.LOGIN):
            if account.user.isascii() and account.password.isascii():
                imap.login(account.user, account.password)
            else:
                proof = f"\0{account.user}\0{account.password}".encode()
                imap.authenticate("PLAIN", lambda _challenge: proof)
        yield _Imap(imap, account.folder, read_only=account.read_only)
    finally:
        with _quietly():
            imap.logout()


@contextmanager
def _quietly() -> Iterator[None]:
    """A goodbye that the server does not hear changes nothing."""
    try:
        yield
    except (OSError, EOFError, imaplib.IMAP4.error, poplib.error_proto):
        return


# ---------------------------------------------------------------- POP3

setattr(poplib, "_MAXLINE", LONGEST_LINE)  # noqa: B010 -- its 2,048 octets refuse mail that servers do deliver


class _Pop3:
    def __init__(self, pop: poplib.POP3) -> None:
        self._pop = pop
        self._lost = False
        with _or(Fault.BROKE_OFF):
            self._count = pop.stat()[0]

    def count(self) -> int:
        return self._count

    def entries(self, after: str) -> list[Entry]:  # noqa: ARG002 -- POP3 knows no order of keys
        """All that are there: whoever reads remembers which they were."""
        with _or(Fault.BROKE_OFF):
            names = [line.split(b" ", 1) for line in self._pop.uidl()[1]]
            sizes = dict(line.split(b" ", 1) for line in self._pop.list()[1])
        return [
            Entry(name.decode("ascii", "replace"), int(number), int(sizes.get(number, b"0").split()[0]))
            for number, name in names
        ]

    def fetch(self, entry: Entry) -> Raw:
        whole = entry.size <= LARGEST
        if self._lost:
            raise MailboxAway(Fault.BROKE_OFF, "the message before was no mail")
        try:
            lines = self._pop.retr(entry.number)[1] if whole else self._pop.top(entry.number, PART_LINES)[1]
        except poplib.error_proto as error:
            self._lost = "too long" in str(error)  # its rest is still on the line: nothing more can be read here
            raise Unreadable from error
        except (OSError, EOFError) as error:
            raise MailboxAway(Fault.BROKE_OFF, _said(error)) from error
        return Raw(b"\r\n".join(lines)[: LARGEST if whole else PART], whole)

    def delete(self, entry: Entry) -> None:
        with _or(Fault.BROKE_OFF):
            self._pop.dele(entry.number)


@contextmanager
def _pop3(account: Account) -> Iterator[Open]:
    context = ssl.create_default_context()
    with _or(Fault.UNREACHABLE):
        if account.tls is Tls.TLS:
            pop: poplib.POP3 = poplib.POP3_SSL(account.host, account.port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            pop = poplib.POP3(account.host, account.port, timeout=TIMEOUT_SECONDS)
    try:
        if account.tls is Tls.STARTTLS:
            with _or(Fault.TLS):
                pop.stls(context)
        with _or(Fault.LOGIN):
            pop.user(account.user)
            pop.pass_(account.password)
        yield _Pop3(pop)
    finally:
        with _quietly():
            pop.quit()


@contextmanager
def opened(account: Account) -> Iterator[Open]:
    """Raises MailboxAway, also while it is read."""
    with (_imap if account.protocol is MailboxKind.IMAP else _pop3)(account) as box:
        yield box

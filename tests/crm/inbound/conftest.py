"""A Dovecot of the tests' own, with one mailbox over IMAP and POP3; and letters that have left."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

from crm.core import clock
from crm.core.db import session
from crm.core.mailboxes import MailboxKind, Tls
from crm.core.programme import Programme
from crm.inbound.actions import MailboxChange, put_mailbox, take_in
from crm.inbound.models import Incoming, Mailbox
from crm.outbox.actions import deliver_due, put_wording, write_letter
from crm.outbox.models import Letter
from crm.outbox.queries.rendering import message_id
from crm.outbox.rules import Lane
from crm.people.models import Person
from tests.make import T0
from tests.services import free_port

PASSWORD = "open sesame"
CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap pop3
ssl = {ssl}
disable_plaintext_auth = no
auth_failure_delay = 0
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 0
first_valid_gid = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {imaps}
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    address = 127.0.0.1
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
{more}
"""


@dataclass
class Server:
    """`put` delivers a message into a user's mailbox, as a mail server would."""

    folder: Path
    imap: int
    imaps: int
    pop3: int
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def put(self, user: str, content: bytes) -> None:
        box = self.folder / "mail" / user
        for part in (box.parent, box, box / "tmp", box / "new", box / "cur"):
            part.mkdir(exist_ok=True)
            if part.stat().st_uid == os.geteuid():
                part.chmod(0o777)  # Dovecot reads no mail as root: it is somebody else
        name = f"{1_700_000_000 + next(self.numbers)}.M1P1.here"
        (box / "tmp" / name).write_bytes(content)
        (box / "tmp" / name).chmod(0o666)
        (box / "tmp" / name).rename(box / "new" / name)

    def kept(self, user: str) -> int:
        box = self.folder / "mail" / user
        return sum(1 for part in ("new", "cur") for _file in (box / part).iterdir())


def _answers(port: int) -> bool:
    with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), 1)) as line:
        line.settimeout(5)
        return bool(line.recv(1))
    return False


@pytest.fixture(scope="session")
def mail_server(dovecot: str) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="seedbed-mail-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Server(folder, free_port(), free_port(), free_port())
        certificate(folder)
        config = folder / "dovecot.conf"
        for part in (folder / "home", folder / "mail"):  # Dovecot makes mailboxes there, as somebody else
            part.mkdir()
            part.chmod(0o777)
        as_root = os.geteuid() == 0
        us = pwd.getpwnam("nobody") if as_root else pwd.getpwuid(os.geteuid())
        internal = "dovecot" if as_root else us.pw_name
        group = "dovecot" if as_root else grp.getgrgid(us.pw_gid).gr_name
        more = f"ssl_cert = <{folder}/cert.pem\nssl_key = <{folder}/key.pem\n"
        config.write_text(
            CONFIG.format(
                folder=folder, ssl="yes", user=internal, group=group, password=PASSWORD.replace(" ", "_"),
                uid=us.pw_uid, gid=us.pw_gid, imap=server.imap, imaps=server.imaps, pop3=server.pop3, more=more,
            )
        )  # fmt: skip
        child = subprocess.Popen([dovecot, "-F", "-c", str(config)], stderr=subprocess.PIPE)
        try:
            for _try in range(100):
                if _answers(server.imap) and _answers(server.pop3):
                    break
                time.sleep(0.05)
            else:
                pytest.fail((folder / "log").read_text() if (folder / "log").exists() else "Dovecot does not start")
            yield server
        finally:
            child.terminate()
            child.wait(10)
            if child.stderr:
                child.stderr.close()


def certificate(folder: Path) -> None:
    """For localhost, signed by itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.fail(f"openssl is missing on {sys.platform}")
    subprocess.run(
        [
            openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem",
        ],
        check=True, capture_output=True,
    )  # fmt: skip


@pytest.fixture
def user() -> str:
    """A mailbox of this test's own."""
    return f"box-{uuid4().hex[:8]}"


Box = Callable[..., Mailbox]


@pytest.fixture
def new_box(programme: Programme, mail_server: Server, user: str) -> Box:
    """A mailbox as an admin would set it up."""

    def make(kind: MailboxKind = MailboxKind.IMAP, *, deletes: bool = False, name: str = "answers") -> Mailbox:
        port = mail_server.imap if kind is MailboxKind.IMAP else mail_server.pop3
        change = MailboxChange(
            name, kind, "localhost", port, Tls.NONE, user, "INBOX", deletes, True, PASSWORD.replace(" ", "_")
        )
        made = put_mailbox(None, change, clock.now())
        session().commit()
        return made

    return make


SentLetter = Callable[..., Letter]


@pytest.fixture
def sent(programme: Programme) -> SentLetter:
    """A letter to this person that has left."""

    def make(person: Person, occasion: str = "notice:1") -> Letter:
        put_wording("notice", "en", "Come and see", "Dear {{ name }}", T0)
        number = write_letter(person.id, occasion, "notice", {"name": person.name}, lane=Lane.NOTICE, at=T0)
        assert number is not None
        deliver_due(T0)
        session().commit()
        return session().get_one(Letter, number)

    return make


def id_of(letter: Letter) -> str:
    return message_id(letter.id, "orange.example")


NUMBERS = count(1)


@pytest.fixture
def box(programme: Programme) -> Mailbox:
    made = Mailbox(
        name="answers", kind="imap", host="x", port=143, tls="none", user="x", sealed_password="", folder="INBOX",
        reads_from=T0, last_key="", created_at=T0,
    )  # fmt: skip
    session().add(made)
    session().flush()
    return made


def arrives(box: Mailbox, content: bytes, *, later: timedelta = timedelta()) -> Incoming | None:
    return take_in(box, str(next(NUMBERS)), content, whole=True, at=clock.now() + later)

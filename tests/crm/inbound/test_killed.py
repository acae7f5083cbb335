"""kill -9 in the middle of a mailbox: the next reader goes on, nothing is lost, nothing is doubled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from flask_migrate import upgrade
from sqlalchemy import func, select, update

from crm.app import create_app
from crm.core import clock
from crm.core.db import disconnect, session, start_writing
from crm.core.mailboxes import LARGEST, MailboxKind, Tls
from crm.inbound.actions import MailboxChange, put_mailbox
from crm.inbound.models import Incoming, Mailbox
from crm.inbound.rules import IncomingKind
from crm.outbox.models import Touch
from crm.outbox.rules import Outcome
from crm.settings import read
from tests import make
from tests.conftest import settings_of
from tests.crm.inbound.conftest import PASSWORD, Server
from tests.crm.inbound.mails import reply

MAILS = 150
ROOT = Path(__file__).resolve().parents[3]
# A reader that dies as it runs its so-manieth statement; without a number it lives, and says how large it grew.
READER = """
import itertools, os, resource, signal, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
from crm.app import create_app
from crm.inbound import tasks
app = create_app()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with app.app_context():
    if len(sys.argv) > 1:
        run = itertools.count(1)
        @event.listens_for(Engine, "after_cursor_execute")
        def strike(*_):
            if next(run) == int(sys.argv[1]):
                os.kill(os.getpid(), signal.SIGKILL)
    tasks.read_mailboxes.run()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
sys.stdout.flush()
os._exit(0)
"""


def settle(folder: Path, server: Server, user: str, kind: MailboxKind) -> dict[str, str]:
    """An installation of its own whose mailbox is on this server."""
    environment = settings_of(folder, f"sqlite:///{folder}/killed.db")
    upgrade()
    start_writing()
    make.programme()
    make.person("Bo", identities={"email": "bo@prospects.example"})
    port = server.imap if kind is MailboxKind.IMAP else server.pop3
    word = PASSWORD.replace(" ", "_")
    put_mailbox(
        None, MailboxChange("answers", kind, "localhost", port, Tls.NONE, user, "INBOX", False, True, word), clock.now()
    )
    session().commit()
    return environment


def run(environment: dict[str, str], *words: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", READER, *words], cwd=ROOT, env={**os.environ, **environment}, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
    return ended.stdout.strip()


@pytest.mark.parametrize(("kind", "seed"), [(MailboxKind.IMAP, 2010), (MailboxKind.POP3, 2011)])
def test_a_reader_survives_three_kills(
    tmp_path: Path, mail_server: Server, user: str, kind: MailboxKind, seed: int
) -> None:
    app = create_app(read(settings_of(tmp_path, f"sqlite:///{tmp_path}/killed.db")), TESTING=True)
    dice = random.Random(seed)
    for number in range(MAILS):
        mail_server.put(user, reply(None, text=f"answer {number}"))
    with app.app_context():
        environment = settle(tmp_path, mail_server, user, kind)
        counts = []
        for words in (*([str(dice.randint(100, 400))] for _ in range(3)), []):
            run(environment, *words)
            counts.append(session().scalar(select(func.count()).select_from(Incoming)) or 0)
            session().execute(update(Mailbox).values(lease_until=None))  # the minutes after which a lost lease ends
            session().commit()
        assert 0 < counts[0] < counts[1] < counts[2] < MAILS
        texts = list(session().scalars(select(Incoming.text)))
        assert sorted(texts) == sorted(f"answer {number}" for number in range(MAILS))
        replied = select(func.count()).where(Touch.outcome == Outcome.REPLIED)
        assert session().scalar(replied) == MAILS
        disconnect()


@pytest.mark.parametrize("kind", list(MailboxKind))
def test_an_answer_of_50_mb_is_not_held_in_memory(
    tmp_path: Path, mail_server: Server, user: str, kind: MailboxKind
) -> None:
    app = create_app(read(settings_of(tmp_path, f"sqlite:///{tmp_path}/killed.db")), TESTING=True)
    line = b"0123456789" * 7 + b"\r\n"
    mail_server.put(user, reply(None, text="look") + line * (50 * 1024 * 1024 // len(line)))
    with app.app_context():
        grown = int(run(settle(tmp_path, mail_server, user, kind)).splitlines()[-1])
        one = session().scalars(select(Incoming)).one()
        assert (one.kind, one.whole) == (IncomingKind.REPLY, False)
        assert one.text.startswith("look")
        assert grown * 1024 < LARGEST * 2
        disconnect()

"""kill -9 in the middle of reading a Matrix room: no join is lost, none is counted twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from flask_migrate import upgrade
from sqlalchemy import func, select

from crm.app import create_app
from crm.core.db import disconnect, session, start_writing
from crm.groups.actions import connect_room
from crm.groups.models import Membership
from crm.groups.queries import running_count
from crm.settings import read
from tests import make
from tests.conftest import settings_of
from tests.crm.groups.conftest import Account
from tests.make import T0

ROOT = Path(__file__).resolve().parents[3]
# A worker that dies so many seconds after it begins to read; without a number it lives.
WORKER = """
import os, signal, sys, threading
from crm.app import create_app
from crm.groups import tasks
app = create_app()
with app.app_context():
    if len(sys.argv) > 1:
        threading.Timer(float(sys.argv[1]), lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
    read = tasks.read_rooms.run()
os._exit(0 if read == 1 else 1)
"""


def test_reading_a_room_survives_three_kills(
    tmp_path: Path, account: Callable[[str], Account], reader: Account, room: str
) -> None:
    environment = settings_of(tmp_path, f"sqlite:///{tmp_path}/killed.db")
    app = create_app(read(environment), TESTING=True)
    dice, members = random.Random(2010), [account("member") for _ in range(24)]
    with app.app_context():
        upgrade()
        start_writing()
        make.programme()
        group = make.group(kind="matrix", capacity=10)
        connect_room(group.id, reader.server, room, reader.token, at=T0)
        session().commit()
        for number, word in enumerate((*(f"{dice.uniform(0.02, 0.12):.3f}" for _ in range(3)), "")):
            for member in members[number * 6 : number * 6 + 6]:
                member.join(room)
                member.leave(room)
                member.join(room)
            ended = subprocess.run(
                [sys.executable, "-c", WORKER, *filter(None, [word])],
                cwd=ROOT, env={**os.environ, **environment}, check=False, capture_output=True,
            )  # fmt: skip
            assert ended.returncode in (0, -signal.SIGKILL), ended.stderr.decode()
        assert running_count(group.id) == 24
        once = session().scalar(select(func.count()).select_from(Membership))
        assert once is not None
        assert 24 <= once <= 48, "of a stay before the first reading only the last is known; none is there twice"
        disconnect()

"""kill -9 in the middle of an import: the next worker goes on, nothing is lost, nothing is doubled."""

from __future__ import annotations

import io
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
from crm.core import clock, files
from crm.core.db import disconnect, session, start_writing
from crm.core.jobs import Job
from crm.people.actions import importing
from crm.people.actions.importing.refusals import lines
from crm.people.models import Identity, ImportedPerson, PeopleImport, Person, Source
from crm.people.rules import ImportState
from crm.settings import read
from tests import make
from tests.conftest import settings_of

ROWS = 15_000
ROOT = Path(__file__).resolve().parents[3]
# A worker that dies so many seconds after its first step has begun; without a number it lives.
WORKER = """
import os, signal, sys, threading
from crm.app import create_app
from crm.core import jobs
app = create_app()
with app.app_context():
    if len(sys.argv) > 1:
        threading.Timer(float(sys.argv[1]), lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
    jobs.run_due.run()
os._exit(0)
"""


def content() -> bytes:
    """Every tenth row repeats somebody, every hundredth is refused."""
    rows = (f"n{n},{'bad' if n % 100 == 7 else f'm{n - 5 if n % 10 == 9 else n}@x.org'}\n" for n in range(ROWS))
    return f"name,mail\n{''.join(rows)}".encode()


@pytest.mark.parametrize("seed", [2010, 2011, 2012])
def test_an_import_survives_three_kills(tmp_path: Path, seed: int) -> None:
    environment = settings_of(tmp_path, f"sqlite:///{tmp_path}/killed.db")
    app = create_app(read(environment), TESTING=True)
    dice = random.Random(seed)
    with app.app_context():
        upgrade()
        start_writing()
        make.programme()
        bringer = importing.upload(io.BytesIO(content()), "people.csv", at=clock.now())
        importing.describe(bringer.id, site="gfan", basis="public")
        importing.start(bringer.id, at=clock.now())
        session().commit()
        for word in (*(f"{dice.uniform(0.02, 0.4):.3f}" for _ in range(3)), ""):
            ended = subprocess.run(
                [sys.executable, "-c", WORKER, *filter(None, [word])],
                cwd=ROOT, env={**os.environ, **environment}, check=False, capture_output=True,
            )  # fmt: skip
            assert ended.returncode in (0, -signal.SIGKILL), ended.stderr.decode()
            session().execute(update(Job).values(lease_until=None))  # the minute after which a lost lease ends
            session().commit()
        done = session().scalars(select(PeopleImport)).one()
        assert done.state is ImportState.DONE
        _nothing_lost_and_nothing_doubled(done)
        disconnect()


def _nothing_lost_and_nothing_doubled(done: PeopleImport) -> None:
    refused = [n + 2 for n in range(ROWS) if n % 100 == 7]
    people = {n - 5 if n % 10 == 9 else n for n in range(ROWS) if n % 100 != 7}
    assert importing.counts(done) == {
        "read": ROWS, "new": len(people), "known": ROWS - len(people) - len(refused), "merge_proposals": 0,
        "refused": len(refused),
    }  # fmt: skip
    for model in (Person, Identity, Source, ImportedPerson):
        assert session().scalar(select(func.count()).select_from(model)) == len(people)
    assert done.refused_key is not None
    told = b"".join(lines(files.path_of(done.refused_key))).decode("utf-8-sig").splitlines()[1:]
    assert [int(line.split(",")[0]) for line in told] == refused

"""What docs/feeds.md gives to copy, run as it stands there against our own door."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import playwright
import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.serving import make_server

from crm.accounts.actions import make_api_token
from crm.builds.models import CheckIn
from crm.builds.rules import CheckInKind
from crm.core import clock
from crm.core.db import session
from crm.people.models import Person

DOC = Path(__file__).parents[3] / "docs" / "feeds.md"
NODE = Path(playwright.__file__).parent / "driver" / "node"
RUN = {
    "sh": ["sh", "-c"],
    "python": [sys.executable, "-c"],
    "javascript": [str(NODE), "-e"],
}


def snippet(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", DOC.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return str(found)


def run(app: Flask, language: str, token: str) -> str:
    """What it printed. The door answers in this very thread, in the test's own transaction, until the program ends."""
    server = make_server("127.0.0.1", 0, app)
    server.timeout = 0.1
    text = snippet(language).replace("https://seedbed.example", f"http://127.0.0.1:{server.port}")
    command = [*RUN[language], text.replace("TOKEN", token)]
    pipe = subprocess.PIPE
    with server, subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as child:
        while child.poll() is None:
            server.handle_request()
        printed, complaint = child.communicate()
    assert child.returncode == 0, complaint
    return str(printed)


@pytest.mark.parametrize("language", RUN)
def test_a_snippet_checks_in_once_however_often_it_runs(database: Flask, ada: Person, language: str) -> None:
    token = make_api_token(ada.id, "phone", ["check-ins:write"], at=clock.now())
    session().commit()
    told = [dict(re.findall(r"(new|known)\W+(\d+)", run(database, language, token))) for _time in range(2)]
    assert told == [{"new": "1", "known": "0"}, {"new": "0", "known": "1"}]
    (kept,) = session().scalars(select(CheckIn)).all()
    assert (kept.person_id, kept.version, kept.kind) == (ada.id, "1.8.12", CheckInKind.HEARTBEAT)
    assert kept.client_key is not None
    assert kept.client_key.startswith("heartbeat 20")

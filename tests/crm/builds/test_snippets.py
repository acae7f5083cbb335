"""What docs/feeds.md and docs/builds.md give to copy, run as it stands there against our own doors."""

from __future__ import annotations

import json
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
from crm.builds.models import Artefact, CheckIn
from crm.builds.rules import CheckInKind
from crm.core import clock
from crm.core.db import session
from crm.core.programme import Programme
from crm.people.models import Person

DOCS = Path(__file__).parents[3] / "docs"
NODE = Path(playwright.__file__).parent / "driver" / "node"
RUN = {
    "sh": ["sh", "-c"],
    "python": [sys.executable, "-c"],
    "javascript": [str(NODE), "-e"],
}


def snippets(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", (DOCS / page).read_text("utf-8"), re.DOTALL | re.MULTILINE)


def run(app: Flask, language: str, text: str, folder: Path | None = None) -> str:
    """What it printed. The door answers in this very thread, in the test's own transaction, until the program ends."""
    server = make_server("127.0.0.1", 0, app)
    server.timeout = 0.1
    command = [*RUN[language], text.replace("https://seedbed.example", f"http://127.0.0.1:{server.port}")]
    pipe = subprocess.PIPE
    with server, subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=folder) as child:
        while child.poll() is None:
            server.handle_request()
        printed, complaint = child.communicate()
    assert child.returncode == 0, complaint
    return str(printed)


@pytest.mark.parametrize("language", RUN)
def test_a_snippet_checks_in_once_however_often_it_runs(database: Flask, ada: Person, language: str) -> None:
    token = make_api_token(ada.id, "phone", ["check-ins:write"], at=clock.now())
    session().commit()
    (text,) = snippets("feeds.md", language)
    text = text.replace("TOKEN", token)
    told = [dict(re.findall(r"(new|known)\W+(\d+)", run(database, language, text))) for _time in range(2)]
    assert told == [{"new": "1", "known": "0"}, {"new": "0", "known": "1"}]
    (kept,) = session().scalars(select(CheckIn)).all()
    assert (kept.person_id, kept.version, kept.kind) == (ada.id, "1.8.12", CheckInKind.HEARTBEAT)
    assert kept.client_key is not None
    assert kept.client_key.startswith("heartbeat 20")


def test_the_lines_of_a_build_machine_register_a_build_and_send_its_file(
    database: Flask, lin: Person, programme: Programme, tmp_path: Path
) -> None:
    token = make_api_token(lin.id, "machine", ["builds:write"], at=clock.now())
    session().commit()
    (tmp_path / "orange.apk").write_bytes(b"orange" * 1000)
    register, send = (text.replace("TOKEN", token) for text in snippets("builds.md", "sh"))
    number = json.loads(run(database, "sh", register))["id"]
    stored = json.loads(run(database, "sh", send.replace("NUMBER", str(number)), tmp_path))
    assert (stored["build"], stored["size"]) == (number, 6000)
    artefact = session().scalars(select(Artefact)).one()
    assert (artefact.build_id, artefact.file_name, artefact.sha256) == (number, "orange.apk", stored["sha256"])

"""People for other programs, and from the command line."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import func, select

from crm.accounts.actions import make_api_token
from crm.app import create_app
from crm.core import clock, files
from crm.core.db import disconnect, session, start_writing
from crm.people.actions import suppress
from crm.people.actions.importing.cells import Said
from crm.people.actions.importing.matching import Matcher, Outcome
from crm.people.models import PeopleImport, Person
from crm.people.queries import ids_by_identities
from crm.people.rules import SuppressionReason
from crm.settings import read
from tests import make
from tests.conftest import settings_of
from tests.make import T0


def test_the_api_pages_and_filters(client: FlaskClient, lin: Person, bo: Person) -> None:
    make.source(bo, site="gfan")
    for number in range(3):
        make.person(identities={"qq": str(55550 + number)})
    suppress([bo.id], SuppressionReason.DECLINED, T0)
    token = make_api_token(lin.id, "reader", ["people:read"], at=clock.now())
    session().commit()
    headers = {"Authorization": f"Bearer {token}"}
    first = client.get("/api/v1/people?limit=3", headers=headers).get_json()
    rest = client.get(f"/api/v1/people?limit=3&after={first['next']}", headers=headers).get_json()
    ids = [one["id"] for one in first["people"] + rest["people"]]
    assert (len(ids), ids, rest["next"]) == (5, sorted(ids), None)
    only = client.get("/api/v1/people?site=gfan", headers=headers).get_json()["people"]
    assert [(one["name"], one["may_be_written_to"]) for one in only] == [("Bo", False)]
    assert "qq:10001" in only[0]["identities"]


def test_the_api_is_closed_without_the_scope(client: FlaskClient, lin: Person) -> None:
    token = make_api_token(lin.id, "other", ["funnel:read"], at=clock.now())
    session().commit()
    assert client.get("/api/v1/people").status_code == 401
    assert client.get("/api/v1/people", headers={"Authorization": f"Bearer {token}"}).status_code == 403


@pytest.fixture
def listed_file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("who,mail,qq\nAda,ada@x.org,\nBo,,10001\nBoth,ada@x.org,10001\nBad,bad,\n", encoding="utf-8")
    return path


def test_an_import_prints_its_counts_and_a_trial_writes_nothing(
    database: Flask, programme: object, listed_file: Path
) -> None:
    session().commit()
    words = [
        "people",
        "import",
        str(listed_file),
        "--source",
        "gfan",
        "--basis",
        "public",
        "--map",
        "who=name",
        "--json",
    ]
    run = database.test_cli_runner(catch_exceptions=False).invoke
    told = json.loads(run(args=[*words, "--dry-run"]).stdout)
    assert told == {"read": 4, "new": 1, "known": 2, "merge_proposals": 0, "refused": 1}
    assert session().scalar(select(func.count()).select_from(Person)) == 0
    assert json.loads(run(args=words).stdout) == told
    assert session().scalars(select(Person.name)).all() == ["Ada"]


def test_a_refused_command_says_why_and_fails(database: Flask, programme: object, listed_file: Path) -> None:
    session().commit()
    run = database.test_cli_runner().invoke
    words = ["people", "import", str(listed_file), "--source", "gfan", "--basis", "public"]
    for more in (["--map", "nowhere=name"], ["--encoding", "klingon"]):
        refused = run(args=[*words, *more])
        assert refused.exit_code == 1
        assert "error:" in refused.stderr
    assert run(args=["people", "merge", "1", "2"]).exit_code == 1


def stored_imports() -> set[str]:
    folder = files.path_of("imports")
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


@pytest.mark.parametrize("trial", [[], ["--dry-run"]])
@pytest.mark.parametrize(
    "wrong",
    [["--map", "nowhere=name"], ["--source", " "], ["--map", "mail=", "--map", "qq="], ["--found-at", "some day"]],
)
def test_a_refused_import_keeps_no_copy_of_the_list(
    database: Flask, programme: object, listed_file: Path, wrong: list[str], trial: list[str]
) -> None:
    """No row would name it, so nobody who is forgotten would be blanked in it."""
    session().commit()
    before = stored_imports()
    words = ["people", "import", str(listed_file), "--source", "gfan", "--basis", "public"]
    assert database.test_cli_runner().invoke(args=[*words, *wrong, *trial]).exit_code > 0
    assert stored_imports() == before
    assert session().scalar(select(func.count()).select_from(PeopleImport)) == 0


def test_a_trial_tells_how_the_file_was_read(database: Flask, programme: object, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("姓名;邮箱;爱好\n王小明;w@x.org;足球\n李雷;l@x.org;\n", encoding="gb18030")
    session().commit()
    words = ["people", "import", str(path), "--source", "gfan", "--basis", "public", "--dry-run"]
    run = database.test_cli_runner(catch_exceptions=False).invoke
    told = ["people.csv: gb18030, cells parted by semicolons", "  姓名: name", "  邮箱: email", "  爱好: not read"]
    assert run(args=words).stdout.splitlines()[:4] == told
    answer = run(args=[*words, "--json"])
    assert answer.stderr.splitlines() == told
    assert json.loads(answer.stdout) == {"read": 2, "new": 2, "known": 0, "merge_proposals": 0, "refused": 0}


def test_a_trial_keeps_nobody_waiting_who_writes(
    tmp_path: Path, listed_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a SQLite database of its own, where one transaction writes at a time."""
    house = create_app(read(settings_of(tmp_path, f"sqlite:///{tmp_path}/own.db")), TESTING=True)
    with house.app_context():
        upgrade()
        start_writing()
        make.programme()
        session().commit()
        disconnect()
    matched, written = Matcher.match, []

    def match_while_another_writes(self: Matcher, said: list[Said]) -> Outcome:
        other = sqlite3.connect(tmp_path / "own.db", timeout=0, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
        other.close()
        written.append(len(said))
        return matched(self, said)

    monkeypatch.setattr(Matcher, "match", match_while_another_writes)
    words = ["people", "import", str(listed_file), "--source", "gfan", "--basis", "public", "--dry-run", "--json"]
    answer = house.test_cli_runner(catch_exceptions=False).invoke(args=words)
    assert (answer.exit_code, written) == (0, [3])
    with house.app_context():
        disconnect()


@pytest.mark.parametrize(
    "words", [["forget", "--yes"], ["export"], ["unmerge"], ["merge", "1"]], ids=lambda words: str(words[0])
)
@pytest.mark.parametrize("number", ["99999999999999999999", "0", "9" * 5000])
def test_a_number_that_no_row_can_have_is_refused_in_words(
    database: Flask, programme: object, words: list[str], number: str
) -> None:
    session().commit()
    told = database.test_cli_runner(catch_exceptions=False).invoke(args=["people", *words, number])
    assert told.exit_code == 2
    assert "Error: Invalid value" in told.stderr


def test_merge_unmerge_export_and_forget_from_the_command_line(database: Flask, bo: Person, mallory: Person) -> None:
    session().commit()
    run = database.test_cli_runner(catch_exceptions=False).invoke
    first, second = bo.id, mallory.id
    number = run(args=["people", "merge", str(first), str(second)]).stdout.split()[1].rstrip(":")
    assert run(args=["people", "unmerge", number]).exit_code == 0
    assert "10001" in run(args=["people", "export", str(first)]).stdout
    assert run(args=["people", "forget", str(first), "--yes"]).exit_code == 0
    assert ids_by_identities([("qq", "10001")]) == {}
    assert "0 forgotten again" in run(args=["people", "reapply-erasures"]).stdout

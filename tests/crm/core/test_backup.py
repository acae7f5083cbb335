"""Dump, wipe, restore: the same rows, numbers and files, from each database into each."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import null, select, text

from campaigns.releases.models import Train
from crm.app import create_app
from crm.core import backup, files, jobs
from crm.core.backup.archive import BackupRefused, erasure_log
from crm.core.db import db, disconnect, session
from crm.core.errors import NotUnderstood
from crm.core.offers import RoomOffers
from crm.core.programme import Programme
from crm.funnel.models import RuleSet
from crm.people.models import Person, Tag
from crm.settings import read
from tests import make
from tests.conftest import settings_of
from tests.make import T0

ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
Install = Callable[..., Flask]


@pytest.fixture
def install(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Install]:
    """Makes installations of their own: install("sqlite") has an empty, migrated database in a folder of its name."""
    made: list[Flask] = []

    def one(engine: str, name: str, **settings: str) -> Flask:
        folder = tmp_path / name
        address = f"sqlite:///{folder}/seedbed.db"
        if engine == "postgresql":
            address = request.getfixturevalue("fresh_postgres_database")()
        app = create_app(read(settings_of(folder, address, **settings)), TESTING=True)
        with app.app_context():
            upgrade()
            disconnect()
        made.append(app)
        return app

    yield one
    for app in made:
        with app.app_context():
            disconnect()


@contextmanager
def inside(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield
        session().rollback()
        disconnect()


def fill() -> None:
    """A row of each kind of value; the last person is gone, but their number was given."""
    make.programme(languages=["zh", "en"], suppression_key_mark="mark")
    lin = make.staff("Lin")
    ada = make.person('Ada 阿达 🌱\n\t"\\', identities={"qq": "10001"}, owner_id=lin.id)
    odd = T0 + timedelta(microseconds=1)
    session().add(
        Train(name="Friday", platform="android", weekday=4, local_time=time(17), zone="Asia/Shanghai", created_at=odd)
    )
    session().add(RuleSet(version=1, effective_on=date(2026, 1, 5), published_at=T0))
    session().add(jobs.Job(kind="a", args={"名": [1, 2.5, None]}, cursor={}, result=null(), created_at=T0))
    session().add(jobs.Job(kind="b", args={}, cursor={}, result={"ok": True}, created_at=T0))
    merged = make.person("Bo", merged_into_id=ada.id)
    gone = make.person("Gone")
    session().delete(gone)
    session().flush()
    session().add(Tag(name=f"{merged.id}"))
    session().commit()
    files.store(BytesIO(b"an artefact" * 1000), "builds", suffix=".apk")


def everything() -> dict[str, list[dict[str, Any]]]:
    tables = db.metadata.sorted_tables
    return {
        table.name: [dict(row) for row in session().execute(select(table).order_by(*table.primary_key)).mappings()]
        for table in tables
    }


def stored() -> dict[str, bytes]:
    root = Path(files.path_of("x")).parent
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def json_nulls() -> list[bool]:
    return [row[0] for row in session().execute(text("SELECT result IS NULL FROM job ORDER BY id"))]


@pytest.mark.parametrize("there", ENGINES)
@pytest.mark.parametrize("here", ENGINES)
def test_a_backup_of_either_database_restores_into_either(
    here: str, there: str, install: Install, tmp_path: Path
) -> None:
    old, new = install(here, "old"), install(there, "new")
    archive = tmp_path / "backup.zip"
    with inside(old):
        fill()
        before, kept, last = everything(), stored(), make.person("Next").id
        session().rollback()
        backup.dump(archive, at=T0)
    with inside(new):
        restored = backup.restore(archive, at=T0)
        session().commit()
        assert backup.finish(restored)
        assert everything() == before
        assert stored() == kept
        assert json_nulls() == [True, False]
        assert make.person("Next").id >= last, "a number is never used again"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_database_with_data_is_replaced_only_when_told_so(engine: str, install: Install, tmp_path: Path) -> None:
    archive = tmp_path / "backup.zip"
    with inside(install(engine, "one")):
        fill()
        before, kept = everything(), stored()
        backup.dump(archive, at=T0)
        later = make.person("Later").id
        session().commit()
        files.store(BytesIO(b"later"), "builds")
        with pytest.raises(BackupRefused, match="--replace"):
            backup.restore(archive, at=T0)
        session().rollback()
        restored = backup.restore(archive, at=T0, replace=True)
        session().commit()
        backup.finish(restored)
        assert everything() == before
        assert stored() == kept
        assert make.person("Next").id > later, "a number given since the backup is never used again"


def test_an_archive_is_for_its_owner_only_and_never_written_over(install: Install, tmp_path: Path) -> None:
    archive = tmp_path / "backup.zip"
    with inside(install("sqlite", "one")):
        fill()
        backup.dump(archive, at=T0)
        assert stat.S_IMODE(archive.stat().st_mode) == 0o600
        with pytest.raises(BackupRefused, match="another name"):
            backup.dump(archive, at=T0)
    assert backup.read_keys(archive)["SUPPRESSION_KEY"] == "another one for the hashes of erased people"
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_another_key_is_refused_until_it_is_set(install: Install, tmp_path: Path) -> None:
    archive = tmp_path / "backup.zip"
    with inside(install("sqlite", "old")):
        fill()
        backup.dump(archive, at=T0)
    other = install("sqlite", "new", SUPPRESSION_KEY="the key of a quite different installation")
    with inside(other), pytest.raises(BackupRefused, match="set SUPPRESSION_KEY"):
        backup.restore(archive, at=T0)


def test_an_embedded_installation_takes_the_keys_over_into_its_files(install: Install, tmp_path: Path) -> None:
    archive = tmp_path / "backup.zip"
    with inside(install("sqlite", "old")):
        fill()
        backup.dump(archive, at=T0)
    new = install("sqlite", "new", SUPPRESSION_KEY="", SECRET_KEY="")
    with inside(new):
        restored = backup.restore(archive, at=T0)
        session().commit()
        assert backup.finish(restored)
    again = read({"DATA_DIR": str(tmp_path / "new")})
    assert again.suppression_key == "another one for the hashes of erased people"
    assert again.secret_key == "a secret that only these tests know about"


def test_a_backup_of_another_migration_is_refused_with_what_to_do(install: Install, tmp_path: Path) -> None:
    archive = tmp_path / "backup.zip"
    app = install("sqlite", "one")
    with inside(app):
        fill()
        session().execute(text("UPDATE alembic_version SET version_num = '0001'"))
        session().commit()
        backup.dump(archive, at=T0)
    with inside(install("sqlite", "new")), pytest.raises(BackupRefused, match="then upgrade"):
        backup.restore(archive, at=T0)


def test_a_damaged_archive_leaves_the_database_as_it_was(install: Install, tmp_path: Path) -> None:
    archive, broken = tmp_path / "backup.zip", tmp_path / "broken.zip"
    with inside(install("sqlite", "one")):
        fill()
        before = everything()
        backup.dump(archive, at=T0)
        with zipfile.ZipFile(archive) as old, zipfile.ZipFile(broken, "w") as new:
            for name in old.namelist():
                body = old.read(name)
                new.writestr(name, body.rpartition(b"\n[")[0] + b"\n" if name == "tables/person.jsonl" else body)
        with pytest.raises(BackupRefused, match="table person has 2 rows after loading, the backup says 3"):
            backup.restore(broken, at=T0, replace=True)
        session().rollback()
        assert everything() == before
        broken.write_bytes(b"no archive")
        with pytest.raises(NotUnderstood, match="cannot be read"):
            backup.restore(broken, at=T0, replace=True)


def test_later_erasures_are_applied_again(install: Install, tmp_path: Path) -> None:
    """The log lies beside the database; which room reads it is a matter of offers."""
    archive = tmp_path / "backup.zip"
    told: list[list[str]] = []

    def forget_again(lines: Any, _at: datetime) -> int:
        told.append(list(lines))
        return 1

    app = install("sqlite", "one")
    with inside(app):
        fill()
        erasure_log().write_text('{"before": 1}\n', "ascii")
        backup.dump(archive, at=T0)
        erasure_log().write_text('{"after": 2}\n', "ascii")
        app.extensions["seedbed_offers"] = (RoomOffers("test", forget_again=forget_again), RoomOffers("silent"))
        restored = backup.restore(archive, at=T0, replace=True, hold=True)
        session().commit()
        assert told == [['{"after": 2}', '{"before": 1}']]
        assert restored.forgotten_again == 1
        assert session().get_one(Programme, 1).held_at == T0


def test_the_commands_say_what_they_did(install: Install, tmp_path: Path) -> None:
    archive = str(tmp_path / "backup.zip")
    app = install("sqlite", "one")
    with inside(app):
        fill()
        people = session().query(Person).count()
    run = app.test_cli_runner().invoke
    made = run(args=["data", "backup", archive])
    assert made.exit_code == 0, made.output
    assert "rows, 1 files" in made.output
    refused = run(args=["data", "restore", archive])
    assert refused.exit_code == 1
    assert "--replace" in refused.output
    assert json.loads(run(args=["data", "show", archive]).output)["tables"]["person"] == people
    assert "SUPPRESSION_KEY=another one" in run(args=["data", "keys", archive]).output
    back = run(args=["data", "restore", "--replace", archive])
    assert back.exit_code == 0, back.output

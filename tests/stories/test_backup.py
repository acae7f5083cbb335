"""Dump, wipe, restore: the same figures; who asked to be forgotten after the backup is forgotten again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select

from crm.accounts.actions import accept_agreement
from crm.builds.actions import register_build
from crm.core.db import session
from crm.people.actions import forget
from crm.people.models import Identity, Person
from tests.stories.conftest import Where
from tests.stories.kill import look, looking_at
from tests.stories.seasons import Season
from tests.stories.serving import ROOT, Served

BROKERS = ["spool", pytest.param("redis", marks=[pytest.mark.postgres, pytest.mark.redis])]


def flask(run: Served, *words: str) -> str:
    """What a command of the installation prints. Raises AssertionError with what it complains of."""
    command = [sys.executable, "-m", "flask", "--app", "crm.app", *words]
    ran = subprocess.run(command, cwd=ROOT, env=run.env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def figures(run: Served) -> dict[str, object]:
    return {
        "funnel": json.loads(flask(run, "funnel", "show", "--json")),
        "cohorts": json.loads(flask(run, "funnel", "cohorts", "--json")),
    }


def sums(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in _files(folder)}


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in (folder / "files").rglob("*") if path.is_file())


def live_a_little() -> dict[str, int]:
    season = Season()
    people = season.collect("Ada", "Bo", "Cai")
    season.write_to_all()
    accept_agreement([people["Ada"], people["Bo"]], at=season.at)
    register_build("android", "0.9", {}, at=season.at, file=BytesIO(os.urandom(300_000)), file_name="orange.zip")
    for week in range(3):
        season.run(season.release(f"1.{week}"), [people["Ada"]])
        season.next_week()
    return people


@pytest.mark.parametrize("broker", BROKERS)
def test_a_restored_programme_has_the_same_figures_and_forgets_again(broker: str, tmp_path: Path, where: Where) -> None:
    run = Served(tmp_path / "data", "run", **where(broker))
    archive = str(tmp_path / "seedbed.zip")
    flask(run, "db", "upgrade")
    with looking_at(run):
        people = live_a_little()
    before, kept = figures(run), sums(run.folder)
    assert before["funnel"] == {"contacted": 3, "joined": 2, "active": 1, "retained": 0}
    flask(run, "data", "backup", archive)
    with looking_at(run):
        forget(people["Bo"], at=Season.moment())
        register_build("android", "9.9", {}, at=Season.moment(), file=BytesIO(b"later"), file_name="x.zip")
        session().commit()
    told = flask(run, "data", "restore", "--replace", archive)
    assert "Forgotten again, as they had asked after this backup: 1." in told
    assert figures(run)["cohorts"] == before["cohorts"]
    assert sums(run.folder) == kept
    with looking_at(run):
        assert look(lambda: session().get_one(Person, people["Bo"]).name) == ""
        left = look(lambda: session().scalars(select(Identity.person_id).distinct()).all())
        assert people["Bo"] not in left
        assert {people["Ada"], people["Cai"]} <= set(left)


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.parametrize(("here", "there"), [("spool", "redis"), ("redis", "spool")])
def test_a_laptops_programme_moves_to_a_server_and_back(here: str, there: str, tmp_path: Path, where: Where) -> None:
    old, new = (Served(tmp_path / name, "run", **where(name)) for name in (here, there))
    archive = str(tmp_path / "seedbed.zip")
    flask(old, "db", "upgrade")
    with looking_at(old):
        live_a_little()
    flask(old, "data", "backup", archive)
    flask(new, "data", "restore", archive)
    assert figures(new) == figures(old)
    assert sums(new.folder) == sums(old.folder)

"""One command serves: it answers, does its jobs, ends wholly, and says in one line why it cannot start."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from crm.accounts.actions import create_programme
from crm.core import clock
from crm.core.db import disconnect, newest_migration, session
from tests.stories.conftest import KEYS, Where
from tests.stories.kill import Importing, look, looking_at, serving
from tests.stories.serving import Served, answer, kill, served, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for orphans in /proc")


def gone(run: Served) -> Callable[[], bool]:
    return lambda: run.processes() == {}


def test_the_first_page_answers_and_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    with served(tmp_path, "run") as run:
        run.up()
        status, _body = answer(run.address)
        assert status in (200, 404)
        wait_until(lambda: len(run.named("celery")) == 2, 15, "worker and beat")
        run.tell(signal.SIGINT)
        assert run.ended(15) == 0
        assert run.processes() == {}


@pytest.mark.parametrize("broker", ["spool", pytest.param("redis", marks=[pytest.mark.postgres, pytest.mark.redis])])
def test_the_program_answers_and_a_job_is_done(broker: str, tmp_path: Path, where: Where) -> None:
    """With SQLite and a folder for a broker, and with PostgreSQL and Redis."""
    work = Importing(rows=500)
    run = Served(tmp_path, "run", **where(broker))
    with looking_at(run):
        upgrade()
        create_programme("Orange", "Asia/Shanghai", ["en"], "Lin", "lin@orange.example", at=clock.now())
        work.prepare()
        with serving(run):
            run.up()
            assert answer(f"{run.address}/sign-in")[0] == 200
            wait_until(lambda: look(work.done), 30, "the import to be done")
        look(work.check)


def test_a_broker_that_does_not_answer_is_told_and_the_pages_are_served(tmp_path: Path) -> None:
    """Late, never lost: what it would have woken waits until it is back."""
    with served(tmp_path, "run", BROKER_URL="redis://:secret@127.0.0.1:1/0") as run:
        run.up()
        told = [line for line in run.said().splitlines() if line.startswith("BROKER_URL:")]
        assert len(told) == 1
        assert "does not answer" in told[0]
        assert "secret" not in told[0]
        wait_until(lambda: len(run.named("celery")) == 2, 15, "worker and beat")


def test_a_killed_supervisor_leaves_no_child(tmp_path: Path) -> None:
    with served(tmp_path, "run") as run:
        run.up()
        wait_until(lambda: len(run.named("celery")) == 2, 15, "worker and beat")
        run.tell(signal.SIGKILL)
        wait_until(gone(run), 15, "the children to end")


def test_what_is_killed_comes_back_and_the_schedule_is_rung_once(tmp_path: Path) -> None:
    with served(tmp_path, "run") as run:
        run.up()
        wait_until(lambda: len(run.named("celery")) == 2, 15, "worker and beat")
        before = {*run.named("celery"), *run.named("gunicorn")}
        kill(run.named("celery")[0])
        kill(run.named("gunicorn")[0])
        fresh = lambda: len({*run.named("celery"), *run.named("gunicorn")} - before) == 4  # noqa: E731 -- said once
        wait_until(fresh, 20, "both to be started again")
        assert not before & {*run.processes()}, "nothing of the killed ones lives on"
        run.up()


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"PORT": "eighty"}, "PORT: set it to a whole number from 1 to 65535 (it is 'eighty')"),
        ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", **KEYS}, "DATABASE_URL: set it to a database that"),
        ({"HOST": "203.0.113.1"}, "PORT: 203.0.113.1:"),
    ],
)
def test_what_is_in_the_way_is_said_in_one_line(tmp_path: Path, settings: dict[str, str], line: str) -> None:
    run = Served(tmp_path, "run")
    run.env |= settings
    assert run.start().ended(20) == 2
    assert run.said().startswith(line)
    assert run.said().count("\n") == 1


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        run = Served(tmp_path, "run", PORT=str(other.getsockname()[1])).start()
        assert run.ended(20) == 2
    assert run.said().count("\n") == 1
    assert "stop what listens there, or set PORT to a free one" in run.said()


def test_a_demo_that_an_earlier_release_told_is_brought_up_to_this_one(tmp_path: Path) -> None:
    run = Served(tmp_path, "demo")
    with looking_at(run):
        upgrade()
        create_programme("Orange", "Asia/Shanghai", ["zh"], "Lin", "lin@orange.example", at=clock.now())
        session().commit()
        disconnect()
        downgrade()
    with serving(run):
        run.up()
        with looking_at(run):
            found = session().scalar(text("SELECT version_num FROM alembic_version"))
    assert found == newest_migration()


def test_one_command_makes_a_programme_where_there_is_no_database_yet(tmp_path: Path) -> None:
    run = Served(tmp_path, "run")
    words = ["--name", "Orange", "--zone", "Asia/Shanghai", "--language", "zh", "--admin", "lin@orange.example"]
    with looking_at(run) as app:
        made = app.test_cli_runner().invoke(args=["programme", "create", *words])
        assert made.exit_code == 0, made.output
        assert "http" in made.output.splitlines()[-1]


def test_a_worker_alone_asks_for_a_migrated_database(tmp_path: Path) -> None:
    run = Served(tmp_path, "worker").start()
    assert run.ended(20) == 2
    assert "run `make migrate`" in run.said().splitlines()[-1]


@pytest.mark.parametrize("command", ["run", "worker"])
def test_another_key_for_the_hashes_is_refused(tmp_path: Path, command: str) -> None:
    run = Served(tmp_path, command, **KEYS)
    with looking_at(run):
        upgrade()
        create_programme("Orange", "Asia/Shanghai", ["zh"], "Lin", "lin@orange.example", at=clock.now())
        session().commit()
    run.env["SUPPRESSION_KEY"] = "a key that made none of the hashes in there"
    assert run.start().ended(20) == 2
    assert run.said().splitlines()[-1].startswith("SUPPRESSION_KEY: set it to the key")

"""The first visit: every page leads to it, once; afterwards it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from uuid import uuid4

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import select
from sqlalchemy.engine import make_url

from crm.accounts.actions import OtherKey, check_key, create_programme, is_right
from crm.accounts.models import Credential
from crm.accounts.queries import agreement_text, roles_of
from crm.accounts.rules import COOKIE, Role
from crm.app import create_app
from crm.core.db import disconnect, session
from crm.core.errors import NotUnderstood
from crm.core.journal import JournalEntry
from crm.core.programme import Programme, current
from crm.people.models import Person
from crm.settings import read
from tests.conftest import settings_of
from tests.make import T0

FORM = {
    "name": "橙子",
    "zone": "Asia/Shanghai",
    "languages": ["en", "zh"],
    "first_language": "zh",
    "postal_address": "1 Seed Street",
    "admin_name": "林",
    "admin_mail": "Lin@Orange.example",
    "password": "four plain words here",
    "again": "four plain words here",
}


def make_one(**more: str) -> Programme:
    given = {"name": "Orange", "zone": "Asia/Shanghai", "admin_name": "Lin", "admin_mail": "lin@orange.example"} | more
    return create_programme(given["name"], given["zone"], ["zh", "en"], given["admin_name"], given["admin_mail"], at=T0)


@contextmanager
def new_database(app: Flask, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """On the engine that `app` runs on."""
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        yield f"sqlite:///{folder}/own.db"
        return
    server, name = request.getfixturevalue("postgres_server"), f"seedbed_test_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.parametrize("page", ["/", "/people", "/sign-in", "/settings", "/join"])
def test_every_page_leads_to_the_first_visit(client: FlaskClient, page: str) -> None:
    answer = client.get(page)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/welcome"


def test_operators_see_a_program_that_lives(client: FlaskClient) -> None:
    assert client.get("/health").status_code == 200
    assert client.get("/ready").status_code == 200


def test_an_api_door_says_that_there_is_no_programme(client: FlaskClient) -> None:
    answer = client.get("/api/v1/nothing")
    assert answer.status_code == 503
    assert answer.content_type == "application/problem+json"


def test_the_first_visit_makes_the_programme_and_signs_the_admin_in(client: FlaskClient) -> None:
    answer = client.post("/welcome", data=FORM)
    assert answer.status_code == 302
    assert client.get_cookie(COOKIE) is not None
    made = session().scalars(select(Programme)).one()
    assert (made.name, made.zone, made.languages) == ("橙子", "Asia/Shanghai", ["zh", "en"])
    lin = session().scalars(select(Person)).one()
    assert roles_of(lin.id) == {Role.ADMIN}
    assert lin.is_staff
    text = agreement_text("zh")
    assert text is not None
    assert "测试版" in text.body
    assert client.get("/settings/programme").status_code == 200


def test_afterwards_the_first_visit_is_gone(client: FlaskClient) -> None:
    client.post("/welcome", data=FORM)
    assert client.get("/welcome").status_code == 404
    assert client.post("/welcome", data=FORM | {"admin_mail": "mallory@evil.example"}).status_code == 404
    assert session().query(Credential).count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"zone": "Mars/Olympus"},
        {"zone": ""},
        {"languages": []},
        {"languages": ["xx"]},
        {"languages": ["en"]},
        {"admin_mail": "no address"},
        {"password": "short", "again": "short"},
        {"again": "something else entirely"},
        {"name": " "},
        {"password": "lin@orange.example", "again": "lin@orange.example"},
    ],
)
def test_what_is_wrong_is_shown_and_nothing_is_made(client: FlaskClient, wrong: dict[str, object]) -> None:
    answer = client.post("/welcome", data=FORM | wrong)
    assert answer.status_code == 422
    assert "error" in answer.get_data(as_text=True)
    assert session().query(Programme).count() == 0


def test_of_two_who_come_at_once_one_is_first(app: Flask, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Two browsers at the same moment, on a database of their own."""
    with new_database(app, request, tmp_path) as address:
        house = create_app(read(settings_of(tmp_path, address)), TESTING=True, WTF_CSRF_ENABLED=False)
        with house.app_context():
            upgrade()
        together = Barrier(2)

        def visit(number: int) -> int:
            together.wait()
            form = FORM | {"admin_mail": f"lin{number}@orange.example"}
            return house.test_client().post("/welcome", data=form).status_code

        with ThreadPoolExecutor(2) as pool:
            answers = sorted(pool.map(visit, range(2)))
        with house.app_context():
            assert session().query(Credential).count() == 1
            disconnect()
    assert answers[0] == 302
    assert answers[1] in (404, 409)


def test_the_programme_is_in_the_journal(database: Flask) -> None:
    make_one()
    actions = set(session().scalars(select(JournalEntry.action)))
    assert {"accounts.create_programme", "accounts.add_staff", "accounts.publish_agreement"} <= actions


def test_a_language_or_zone_that_does_not_exist_is_refused(database: Flask) -> None:
    with pytest.raises(NotUnderstood):
        make_one(zone="../../etc/passwd")
    with pytest.raises(NotUnderstood):
        create_programme("x", "UTC", ["zh", "tlh"], "Lin", "lin@orange.example", at=T0)


def test_another_suppression_key_stops_every_page_with_one_line(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_one()
    session().commit()
    check_key()
    monkeypatch.setitem(client.application.config, "SUPPRESSION_KEY", "a key that was never the one before")
    with pytest.raises(OtherKey, match="SUPPRESSION_KEY: set it to"):
        check_key()
    answer = client.get("/sign-in")
    assert answer.status_code == 503
    assert "SUPPRESSION_KEY" in answer.get_data(as_text=True)
    assert client.get("/health").status_code == 200


# ---------------------------------------------------------------- the command line


def test_the_command_makes_the_programme_and_prints_the_way_in(database: Flask, client: FlaskClient) -> None:
    words = ["programme", "create", "--name", "Orange", "--zone", "UTC", "--language", "zh,en"]
    words += ["--admin", "lin@o.example"]
    ran = database.test_cli_runner().invoke(args=words)
    assert ran.exit_code == 0, ran.output
    link = "/" + ran.output.strip().partition("://")[2].partition("/")[2]
    new = "four plain words here"
    assert client.post(link, data={"password": new, "again": new}).status_code == 302
    assert client.get("/settings/staff").status_code == 200
    again = database.test_cli_runner().invoke(args=words)
    assert again.exit_code == 1
    assert "already" in again.output


def test_the_command_refuses_a_programme_without_a_name(database: Flask) -> None:
    words = ["programme", "create", "--name", " ", "--zone", "UTC", "--language", "zh", "--admin", "lin@o.example"]
    ran = database.test_cli_runner().invoke(args=words)
    assert ran.exit_code == 1
    assert current() is None


def test_the_last_admin_is_reset_from_the_command_line(database: Flask, lin: Person, client: FlaskClient) -> None:
    credential = session().get_one(Credential, lin.id)
    credential.totp_secret = "JBSWY3DPEHPK3PXP"
    session().commit()
    ran = database.test_cli_runner().invoke(args=["accounts", "reset", "--mail", "lin@orange.example"])
    assert ran.exit_code == 0, ran.output
    session().expire_all()
    assert session().get_one(Credential, lin.id).totp_secret is None
    new = "four plain words here"
    client.post("/" + ran.output.strip().partition("://")[2].partition("/")[2], data={"password": new, "again": new})
    session().expire_all()
    assert is_right(credential.password_hash, new)
    unknown = database.test_cli_runner().invoke(args=["accounts", "reset", "--mail", "nobody@orange.example"])
    assert unknown.exit_code == 1


def test_staff_are_added_and_anybody_signed_in_from_the_command_line(
    database: Flask, ada: Person, client: FlaskClient
) -> None:
    session().commit()
    run = database.test_cli_runner().invoke
    added = run(args=["accounts", "add-staff", "--name", "Rei", "--mail", "rei@o.example", "--role", "release"])
    assert added.exit_code == 0, added.output
    assert "/invitation/" in added.output
    twice = run(args=["accounts", "add-staff", "--name", "Rei", "--mail", "rei@o.example", "--role", "release"])
    assert twice.exit_code == 1
    link = run(args=["accounts", "sign-in-link", "--mail", ada.identities[0].value]).output.strip()
    assert client.post("/" + link.partition("://")[2].partition("/")[2]).status_code == 302
    assert client.get("/settings/account").status_code == 200

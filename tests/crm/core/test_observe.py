"""What operators see: readiness, metrics, and a log that opens nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from structlog.testing import capture_logs

from crm.core import observe
from crm.core.db import session


def test_ready_says_when_the_tables_are_those_of_another_release(
    client: FlaskClient, programme: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/ready").status_code == 200
    monkeypatch.setattr(observe, "newest_migration", lambda: "0999")
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert "this release needs 0999" in answer.text


def test_the_log_never_holds_the_secret_of_a_link(client: FlaskClient, programme: object) -> None:
    with capture_logs() as lines:
        client.get("/sign-in/a-secret-from-a-letter")
        client.get("/b/a-token-from-a-letter")
        client.get("/f/ABCD-EFGH")
        client.get("/health")
    assert [line["path"] for line in lines] == ["/sign-in/<secret>", "/b/<token>", "/f/<code>", "/health"]


def test_a_number_that_no_row_can_have_leads_nowhere(lins_browser: FlaskClient) -> None:
    assert lins_browser.get("/people/99999999999999999999").status_code == 404
    assert lins_browser.get("/builds/99999999999999999999").status_code == 404


@pytest.mark.parametrize(
    "path", ["/people?q=%00", "/requests?q=a%00b", "/audiences/count?tag=%00", "/api/v1/people?q=%00"]
)
def test_an_address_with_a_nul_byte_is_not_understood(lins_browser: FlaskClient, path: str) -> None:
    answer = lins_browser.get(path)
    assert answer.status_code == 422
    assert "NUL" in answer.text


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/audiences/new", {"name": "a\x00b"}),
        ("/audiences/new", {"name": "a", "site": "a\x00b"}),
        ("/people/tag", {"person": "1", "tag": "a\x00b"}),
        ("/people/1/tags/remove", {"tag": "a\x00b"}),
        ("/people/1/identities/remove", {"kind": "email", "value": "a\x00b"}),
        ("/settings/agreement", {"text-zh": "a\x00b", "text-en": "a\x00b"}),
    ],
)
def test_a_form_with_a_nul_byte_breaks_nothing(lins_browser: FlaskClient, path: str, form: dict[str, str]) -> None:
    assert lins_browser.post(path, data=form).status_code < 500


def test_metrics_are_refused_to_others_whatever_they_bring(client: FlaskClient, database: Flask) -> None:
    database.config["METRICS_TOKEN"] = "a token for the scraper"
    try:
        far = {"environ_overrides": {"REMOTE_ADDR": "203.0.113.9"}}
        assert client.get("/metrics", headers={"Authorization": "Bearer \xe9"}, **far).status_code == 403
        assert (
            client.get("/metrics", headers={"Authorization": "Bearer a token for the scraper"}, **far).status_code
            == 200
        )
    finally:
        database.config["METRICS_TOKEN"] = ""


def test_a_command_on_a_database_without_tables_says_what_to_run(database: Flask) -> None:
    session().execute(text("ALTER TABLE programme RENAME TO elsewhere"))
    session().commit()
    told = database.test_cli_runner().invoke(args=["funnel", "show"])
    assert told.exit_code == 1
    assert "run `make migrate`" in told.output
    assert "Traceback" not in told.output


def test_a_command_before_there_is_a_programme_says_how_to_make_one(database: Flask) -> None:
    told = database.test_cli_runner().invoke(args=["funnel", "recompute", "--as-of", "2026-01-01"])
    assert told.exit_code == 1
    assert "flask programme create" in told.output


def test_a_log_of_erasures_that_is_none_is_refused(database: Flask, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    told = database.test_cli_runner().invoke(args=["people", "reapply-erasures", str(tmp_path / "picture.png")])
    assert told.exit_code == 1
    assert "picture.png is no erasure log" in told.output

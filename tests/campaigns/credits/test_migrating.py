"""Answers that are older than consent rounds get what is stored of an answer now."""

from __future__ import annotations

from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from campaigns.credits.rules.likeness import likeness
from crm.core.db import db, disconnect

PEOPLE = ((1, "yes", "Lin"), (2, "no", "Nora"), (3, "no", "Wan"))


def test_older_answers_get_their_likeness_and_since_when_they_are_withdrawn(app: Flask) -> None:
    with app.app_context():
        downgrade(revision="0013")
        with db.engine.begin() as connection:
            for number, answer, name in PEOPLE:
                connection.execute(
                    text("INSERT INTO person (id, name, is_staff, collected_at) VALUES (:id, :name, false, :at)"),
                    {"id": number, "name": name, "at": "2026-01-05 00:00:00+00:00"},
                )
                connection.execute(
                    text("INSERT INTO consent (person_id, answer, shown_name, answered_at) VALUES (:id, :a, :n, :at)"),
                    {"id": number, "a": answer, "n": name, "at": "2026-01-05 00:00:00+00:00"},
                )
            connection.execute(
                text(
                    "INSERT INTO edition (id, name, rule, as_of, look, state, created_at)"
                    " VALUES (1, 'First', '{}', :at, '{}', 'shipped', :at)"
                ),
                {"at": "2026-01-05 00:00:00+00:00"},
            )
            connection.execute(
                text("INSERT INTO edition_name (edition_id, person_id, shown_name, position) VALUES (1, 3, 'Wan', 1)")
            )
        upgrade()
        with db.engine.begin() as connection:
            told = "SELECT person_id, likeness, withdrawn_at IS NOT NULL FROM consent ORDER BY person_id"
            rows = [(who, alike, bool(gone)) for who, alike, gone in connection.execute(text(told))]
            for table in ("edition_name", "edition", "consent", "person"):
                connection.execute(text(f"DELETE FROM {table}"))
        disconnect()
    assert rows == [(1, likeness("Lin"), False), (2, "", False), (3, "", True)]

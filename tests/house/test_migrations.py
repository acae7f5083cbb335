"""Migrations make what the models say, can be taken back, and are one line."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import JSON, bindparam, inspect, text

from crm.core.db import db, disconnect

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def test_models_match_migrations(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []


def test_migrations_run_up_down_and_up(app: Flask) -> None:
    with app.app_context():
        downgrade(revision="base")
        assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
        upgrade()
        assert set(inspect(db.engine).get_table_names()) == {*db.metadata.tables, "alembic_version"}
        disconnect()


def test_a_table_that_is_made_anew_keeps_the_rows_that_point_to_it(app: Flask) -> None:
    """SQLite changes a table by dropping it; with its keys on, the waves of a release would go with it."""
    train = "INSERT INTO train (name, platform, weekday, local_time, zone, active, created_at) "
    train += "VALUES ('Orange', 'android', 4, '17:00:00', 'UTC', true, '2026-01-01 00:00:00')"
    release = "INSERT INTO release (train_id, week, opens_at, state) SELECT id, 1, created_at, 'open' FROM train"
    wave = "INSERT INTO wave (release_id, kind) SELECT id, 'everybody' FROM release"
    with app.app_context():
        downgrade(revision="0025")
        with db.engine.begin() as connection:
            for statement in (train, release, wave):
                connection.execute(text(statement))
        upgrade()
        with db.engine.connect() as connection:
            waves = connection.execute(text("SELECT kind, position, notify FROM wave")).all()
            steps = connection.execute(text("SELECT kind FROM train_wave ORDER BY position")).scalars().all()
        assert waves == [("everybody", 1, "letter")]
        assert steps == ["staff", "everybody"]
        downgrade(revision="base")
        upgrade()
        disconnect()


def test_the_notes_of_builds_that_people_have_been_told_of_are_fixed(app: Flask) -> None:
    build = "INSERT INTO build (platform, version, channel, registered_at, ordered_at) "
    build += "VALUES ('android', '5.1', 'beta', '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
    train = (
        "INSERT INTO train (name, platform, weekday, local_time, zone, active, created_at, goes_itself, gate_hours) "
    )
    train += "VALUES ('Orange', 'android', 4, '17:00:00', 'UTC', true, '2026-01-01 00:00:00', true, 24)"
    release = "INSERT INTO release (train_id, build_id, week, opens_at, why, state, held_from, frozen_at, opened_at, "
    release += "notes) SELECT train.id, build.id, :week, created_at, '', :state, :held_from, :frozen, :opened, :notes "
    release += "FROM train, build"
    first_week = 2921  # 2026-W01
    known = [
        ("open", None, "2026-01-01 00:00:00", "2026-01-02 00:00:00"),
        ("closed", None, None, "2026-01-03 00:00:00"),
        ("held", "frozen", "2026-01-04 00:00:00", None),
        ("held", "planned", None, None),
        ("planned", None, None, None),
        ("cancelled", None, "2026-01-05 00:00:00", None),
        ("rolled_back", None, "2026-01-06 00:00:00", None),
    ]
    edited = "INSERT INTO build_note (build_id, language, body, to_test) SELECT id, 'en', 'edited', '' FROM build"
    with app.app_context():
        downgrade(revision="0035")
        with db.engine.begin() as connection:
            for statement in (build, edited, train):
                connection.execute(text(statement))
            for week, (state, held_from, frozen, opened) in enumerate(known, first_week):
                told = {"week": week, "state": state, "held_from": held_from, "frozen": frozen, "opened": opened}
                told_of = {"en": f"frozen {week}", "zh": "冻结"} if frozen else None
                into = text(release).bindparams(bindparam("notes", type_=JSON))
                connection.execute(into, told | {"notes": told_of})
        upgrade()
        with db.engine.connect() as connection:
            rows = connection.execute(text("SELECT named, fixed_at FROM fixed_notes ORDER BY fixed_by")).all()
            notes = connection.execute(text("SELECT language, body FROM build_note ORDER BY language")).all()
        assert notes == [("en", f"frozen {first_week}"), ("zh", "冻结")], "as people were told first"
        assert [(named, str(at)[:10]) for named, at in rows] == [
            ("Orange 2026-W01", "2026-01-01"),
            ("Orange 2026-W02", "2026-01-03"),
            ("Orange 2026-W03", "2026-01-04"),
        ]
        downgrade(revision="base")
        upgrade()
        disconnect()


def test_a_week_of_a_daily_train_goes_when_trains_are_weekly_again(app: Flask) -> None:
    train = "INSERT INTO train (id, name, platform, weekday, local_time, zone, active, created_at, goes_itself, "
    train += "gate_hours) VALUES (:id, :name, 'android', :weekday, '17:00:00', 'UTC', true, '2026-01-01 00:00:00', "
    train += "true, 24)"
    release = "INSERT INTO release (train_id, week, opens_at, why, state) "
    release += "SELECT id, 2921, created_at, '', 'open' FROM train WHERE id = 1"
    nights = "INSERT INTO release (train_id, week, day, opens_at, why, state) "
    nights += "SELECT id, 2921, :day, created_at, '', 'open' FROM train WHERE id = 2"
    wave = "INSERT INTO wave (release_id, position, kind, notify) SELECT id, 0, 'staff', 'none' FROM release"
    with app.app_context():
        downgrade(revision="0039")
        with db.engine.begin() as connection:
            connection.execute(text(train), {"id": 1, "name": "Orange", "weekday": 4})
            connection.execute(text(release))
        upgrade()
        with db.engine.begin() as connection:
            connection.execute(text(train), {"id": 2, "name": "Nightly", "weekday": 7})
            for day in (1, 2):
                connection.execute(text(nights), {"day": day})
            connection.execute(text(wave))
            assert connection.execute(text("SELECT day FROM release ORDER BY id")).scalars().all() == [0, 1, 2]
        downgrade(revision="0039")
        with db.engine.connect() as connection:
            trains = connection.execute(text("SELECT name, weekday, active FROM train ORDER BY id")).all()
            left = connection.execute(text("SELECT train_id FROM release")).scalars().all()
            waves = connection.execute(text("SELECT count(*) FROM wave")).scalar()
        assert [(name, weekday, bool(active)) for name, weekday, active in trains] == [
            ("Orange", 4, True),
            ("Nightly", 4, False),
        ]
        assert (left, waves) == ([1], 1)
        downgrade(revision="base")
        upgrade()
        disconnect()


def test_campaigns_that_wait_keep_what_their_start_was_asked_for(app: Flask) -> None:
    origin = "INSERT INTO origin (id, kind, key, title) VALUES (7, 'campaign', '1', 'spring')"
    campaign = "INSERT INTO campaign (id, name, origin_id, state, created_at, stops) "
    campaign += "VALUES (:id, :name, 7, :state, '2026-01-01 00:00:00', '[]')"
    asked = "INSERT INTO journal (at, actor_name, action, subject, after) "
    asked += "VALUES ('2026-01-01 00:00:00', '', 'campaign.ask_to_start', 'campaign:1', :after)"
    after = '{"people": 5, "warnings": {"cn_mark": 2}}'
    with app.app_context():
        downgrade(revision="0036")
        with db.engine.begin() as connection:
            connection.execute(text(origin))
            for number, state in ((1, "approval"), (2, "draft")):
                connection.execute(text(campaign), {"id": number, "name": state, "state": state})
            connection.execute(text(asked), {"after": after})
        upgrade()
        with db.engine.connect() as connection:
            kept = "SELECT asked_people, CAST(taken_on AS TEXT) FROM campaign ORDER BY id"
            rows = [tuple(row) for row in connection.execute(text(kept))]
        assert rows == [(5, '["cn_mark"]'), (None, "[]")]
        downgrade(revision="base")
        upgrade()
        disconnect()


def test_the_newest_migration_is_the_one_on_record() -> None:
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert (MIGRATIONS / ".current-head").read_text("utf-8").strip() == head

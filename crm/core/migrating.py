"""Migrations, loaded when they are asked for: Alembic is 10 MB in each process, and web and worker never migrate."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, cast

import click
from flask import Flask, g
from flask.cli import with_appcontext
from sqlalchemy import Connection, inspect, text
from werkzeug.local import LocalProxy

from crm.core.db import db


def known_migration(connection: Connection) -> str | None:
    """The one at which the database is; None before the first."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def upgrade() -> None:
    """Brings the database to the newest migration."""
    from flask_migrate import upgrade as _theirs  # noqa: PLC0415 -- as the module says

    _theirs()


def _configured(app: Flask, folder: Path) -> Any:
    from flask_migrate import Migrate  # noqa: PLC0415 -- as the module says

    Migrate(app, db, directory=str(folder), render_as_batch=True, compare_type=True)
    return app.extensions["migrate"]


class _Commands(click.Group):
    """`flask db ...`, which are Flask-Migrate's."""

    def _theirs(self) -> click.Group:
        from flask_migrate.cli import db as theirs  # noqa: PLC0415 -- as the module says

        return cast(click.Group, theirs)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return self._theirs().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return self._theirs().get_command(ctx, cmd_name)


@with_appcontext
def _as_theirs_begins() -> None:
    g.directory, g.x_arg = None, ()


def init_app(app: Flask, folder: Path) -> None:
    app.extensions["migrate"] = LocalProxy(partial(_configured, app, folder))
    app.cli.add_command(_Commands("db", callback=_as_theirs_begins, help="Perform database migrations."))

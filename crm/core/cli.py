"""What all commands share, and `flask data ...`: everything in one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy import inspect
from sqlalchemy.exc import OperationalError, ProgrammingError

from crm.core import backup, clock
from crm.core.db import db, session, start_writing
from crm.core.errors import Refusal
from crm.core.migrating import upgrade
from crm.core.web import LAST_ROW

NO_TABLES = {"42P01", "42703"}  # PostgreSQL's names for a missing table and a missing column


class Commands(AppGroup):
    """A room's commands: what stops them is one line which says what to do, not a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (Refusal, OSError) as refused:
            raise click.ClickException(str(refused)) from refused
        except (OperationalError, ProgrammingError) as error:
            told = _cure(error)
            if told is None:
                raise
            raise click.ClickException(told) from error


def _cure(error: OperationalError | ProgrammingError) -> str | None:
    reason = (str(error.orig).strip().splitlines() or [""])[0]
    if getattr(error.orig, "sqlstate", None) in NO_TABLES or reason.startswith(("no such table", "no such column")):
        return f"the database lacks this release's tables ({reason}): run `make migrate`, or `flask db upgrade`"
    if error.connection_invalidated or reason.startswith(("connection", "unable to open")):
        return f"DATABASE_URL: set it to a database that answers ({reason})"
    return None


group = Commands("data", help="Back all data up, and put it back.")
COMMANDS = (group,)
ROW = click.IntRange(1, LAST_ROW)  # the number of something, as an argument
ARCHIVE = click.argument("path", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))


@group.command("backup")
@ARCHIVE
def make_backup(path: Path) -> None:
    """Write every table, the stored files and the keys to FILE. The programme may run meanwhile."""
    try:
        manifest = backup.dump(path, at=clock.now())
    except (Refusal, OSError) as refused:
        raise click.ClickException(str(refused)) from refused
    rows = sum(manifest.tables.values())
    print(f"{path}: {rows} rows, {len(manifest.files)} files. It holds your keys: keep it as you keep a password.")


@group.command("restore")
@ARCHIVE
@click.option("--replace", is_flag=True, help="lose what is in the database and the stored files now")
@click.option("--hold", is_flag=True, help="let the programme stand still until somebody lets time go on")
def put_back(path: Path, replace: bool, hold: bool) -> None:
    """Put FILE's data into this installation's database. Stop web, worker and beat first."""
    if not inspect(db.engine).get_table_names():
        upgrade()
    start_writing()
    try:
        restored = backup.restore(path, at=clock.now(), replace=replace, hold=hold)
    except (Refusal, OSError) as refused:
        session().rollback()
        raise click.ClickException(f"{refused}. The database is as it was.") from refused
    session().commit()
    same_secret = backup.finish(restored)
    rows = sum(restored.manifest.tables.values())
    print(f"Restored {rows} rows and {len(restored.manifest.files)} files of {restored.manifest.made_at}.")
    if restored.forgotten_again:
        print(f"Forgotten again, as they had asked after this backup: {restored.forgotten_again}.")
    if not same_secret:
        print("SECRET_KEY is not the backup's: links in letters already sent are dead until it is set to the backup's.")
        print(f"`flask --app crm.app data keys {path.name}` shows it.")


@group.command("show")
@ARCHIVE
def show(path: Path) -> None:
    """Say what stands in FILE, as JSON."""
    try:
        print(backup.read_manifest(path).as_json())
    except Refusal as refused:
        raise click.ClickException(str(refused)) from refused


@group.command("keys")
@ARCHIVE
def keys(path: Path) -> None:
    """Print FILE's keys as lines for an environment file. They are secrets."""
    try:
        for name, value in backup.read_keys(path).items():
            print(f"{name}={value}")
    except Refusal as refused:
        raise click.ClickException(str(refused)) from refused

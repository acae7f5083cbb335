"""Files of imports that no row names any more: what a command or an upload leaves behind when it is killed."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from crm.core import files
from crm.core.db import session
from crm.people.actions.importing.arriving import FOLDER
from crm.people.models import PeopleImport

YOUNG = timedelta(hours=1)


def sweep_files(at: datetime) -> int:
    """Forgetting finds files by their rows, and backups take all: one that nobody names must not stay.

    A young one may be about to get its row. Returns how many went.
    """
    old = [path for path in _stored() if _changed(path) < (at - YOUNG).timestamp()]
    named = {key for row in session().execute(select(PeopleImport.stored_key, PeopleImport.refused_key)) for key in row}
    gone = [path for path in old if f"{FOLDER}/{path.name}" not in named]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)


def _stored() -> list[Path]:
    folder = files.path_of(FOLDER)
    return list(folder.iterdir()) if folder.exists() else []


def _changed(path: Path) -> float:
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return 0

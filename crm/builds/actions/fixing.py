"""What a build goes out with is fixed: its notes, and its files."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlalchemy import Table, delete, select, update

from crm.builds.models import Build, FixedNotes
from crm.builds.queries import artefacts_of
from crm.core.bulk import insert_or_pass
from crm.core.db import session

FIXED = cast(Table, FixedNotes.__table__)


def fix_build(build_id: int, by: str, named: str, at: datetime) -> None:
    """From now on its notes stay as they are, as long as whoever fixed them (`release:7`) does not free them; and no
    file is added to those it has. One without any still gets its files, until it is fixed once more.

    Waits for who is just writing notes or adding a file.
    """
    session().execute(select(Build.id).where(Build.id == build_id).with_for_update(read=True))
    row = {"build_id": build_id, "fixed_by": by, "named": named, "fixed_at": at}
    with_files = bool(artefacts_of(build_id))
    if not insert_or_pass(FIXED, [row | {"with_files": with_files}]):
        again = update(FIXED).where(FIXED.c.build_id == build_id, FIXED.c.fixed_by == by)
        session().execute(again.values(with_files=with_files))


def free_build(by: str) -> None:
    """Whoever fixed a build does not need it as it is any more."""
    session().execute(delete(FIXED).where(FIXED.c.fixed_by == by))

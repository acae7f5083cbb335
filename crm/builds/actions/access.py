"""Who may have which build, and in which weeks builds came out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import cast

from sqlalchemy import Table

from crm.builds.models import BuildAccess, BuildDownload, OpenWeek
from crm.core.bulk import insert_or_pass, load

ACCESS = cast(Table, BuildAccess.__table__)
DOWNLOAD = cast(Table, BuildDownload.__table__)
WEEK = cast(Table, OpenWeek.__table__)


def grant_access(build_id: int, person_ids: Iterable[int], *, at: datetime, granted_by: str) -> int:
    """Gives the build to those who do not have it yet; returns how many. `granted_by`: such as `release:7`."""
    rows = ((build_id, person_id, at, granted_by) for person_id in sorted(set(person_ids)))
    return load(ACCESS, ("build_id", "person_id", "granted_at", "granted_by"), rows, ignore_known=True)


def note_download(build_id: int, person_id: int, at: datetime) -> bool:
    """That somebody began to download a build; False when they had before."""
    return bool(insert_or_pass(DOWNLOAD, [{"build_id": build_id, "person_id": person_id, "first_at": at}]))


def mark_open_week(week: int, at: datetime) -> bool:
    """Marks a released week (see core/weeks.py); False when it was marked before."""
    return bool(insert_or_pass(WEEK, [{"week": week, "opened_at": at}]))

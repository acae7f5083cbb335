"""The figures of a release, kept hour by hour: derived, and counted anew from the rows by `count_again`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, delete, update

from campaigns.releases.models import Release, ReleaseHour, Train
from campaigns.releases.queries import count_at, evidence, hours_between, letters_by_state, release_or_404
from campaigns.releases.rules import COUNTED, hour_of
from crm.core.bulk import insert_or_pass
from crm.core.db import session

HOURS = cast(Table, ReleaseHour.__table__)


def _row(release: Release, hour: datetime, at: datetime, letters: dict[str, int] | None) -> dict[str, Any]:
    counts = count_at(release, at)
    return {
        "release_id": release.id,
        "hour_at": hour,
        **counts._asdict(),
        "letters": letters,
        "counted_at": at,
    }


def count_release(release_id: int, at: datetime) -> bool:
    """What it has come to now stands for this hour; False when it opened too long ago to be counted."""
    release = release_or_404(release_id)
    since = release.opened_at or release.rehearsed_at
    if since is None or at > since + COUNTED:
        return False
    letters = {state.value: count for state, count in letters_by_state(release).items()}
    row = _row(release, hour_of(at), at, letters)
    gate = session().get_one(Train, release.train_id).gate
    if not gate.is_open:
        seen = evidence(release, gate.hours)
        row |= {"in_time": seen.ran, "crashes": seen.crashes}
    if not insert_or_pass(HOURS, [row]):
        this = (ReleaseHour.release_id == release_id, ReleaseHour.hour_at == row["hour_at"])
        session().execute(update(ReleaseHour).where(*this).values(**row))
    return True


def count_again(release_id: int, at: datetime) -> int:
    """Every hour anew from the rows that it stands for; returns how many hours."""
    release = release_or_404(release_id)
    since = release.rehearsed_at or release.opened_at
    session().execute(delete(ReleaseHour).where(ReleaseHour.release_id == release_id))
    if since is None or release.build_id is None:
        return 0
    until = min(at, since + COUNTED, release.closed_at or at)
    letters = {state.value: count for state, count in letters_by_state(release).items()}
    hours = hours_between(since, until)
    ends = [*(hour - timedelta(microseconds=1) for hour in hours[1:]), until]
    rows = [_row(release, hour, end, None) for hour, end in zip(hours, ends, strict=True)]
    rows[-1]["letters"] = letters
    return insert_or_pass(HOURS, rows)

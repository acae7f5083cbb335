"""States of a release and the moves between them; the calendar of a train. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from dateutil import tz

WEEKS_AHEAD = 4
STAYS_OPEN = timedelta(weeks=1)


class ReleaseState(StrEnum):
    PLANNED = "planned"
    OPENING = "opening"
    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


RELEASE_MOVES: dict[ReleaseState, frozenset[ReleaseState]] = {
    ReleaseState.PLANNED: frozenset({ReleaseState.OPENING, ReleaseState.CANCELLED}),
    ReleaseState.OPENING: frozenset({ReleaseState.OPEN}),
    ReleaseState.OPEN: frozenset({ReleaseState.CLOSED}),
    ReleaseState.CLOSED: frozenset(),
    ReleaseState.CANCELLED: frozenset({ReleaseState.PLANNED}),
}


class WaveKind(StrEnum):
    STAFF = "staff"
    CORE = "core"
    EVERYBODY = "everybody"


WAVES = (WaveKind.STAFF, WaveKind.EVERYBODY)


def opens_at(monday: date, weekday: int, local_time: time, zone: str) -> datetime:
    """When the train of the week that begins on `monday` departs, in UTC.

    A time that the clock skips is moved on by the skip (02:30 becomes 03:30); one that comes twice is the first.
    """
    local = datetime.combine(monday + timedelta(days=weekday), local_time, ZoneInfo(zone))
    return tz.resolve_imaginary(local).astimezone(UTC)


def mark(release_id: int) -> str:
    """The label of a release in other rooms: the occasion of its letters, the reason of its build accesses."""
    return f"release:{release_id}"

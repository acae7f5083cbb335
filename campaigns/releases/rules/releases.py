"""States of a release and the moves between them; the calendar of a train. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from dateutil import tz

WEEKS_AHEAD, DAYS_AHEAD = 4, 7
"""For how long releases are prepared, the running week or day among them: days for a daily train."""
STAYS_OPEN, STAYS_OPEN_DAILY = timedelta(weeks=1), timedelta(days=1)


class ReleaseState(StrEnum):
    """`opening`: a wave is being given the build, or the next one waits; `open`: every wave has it."""

    PLANNED = "planned"
    FROZEN = "frozen"
    REHEARSED = "rehearsed"
    OPENING = "opening"
    OPEN = "open"
    HELD = "held"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    ROLLED_BACK = "rolled_back"


RELEASE_MOVES: dict[ReleaseState, frozenset[ReleaseState]] = {
    ReleaseState.PLANNED: frozenset(
        {ReleaseState.FROZEN, ReleaseState.OPENING, ReleaseState.HELD, ReleaseState.CANCELLED}
    ),
    ReleaseState.FROZEN: frozenset(
        {ReleaseState.REHEARSED, ReleaseState.OPENING, ReleaseState.HELD, ReleaseState.CANCELLED}
    ),
    ReleaseState.REHEARSED: frozenset(
        {ReleaseState.OPENING, ReleaseState.HELD, ReleaseState.CLOSED, ReleaseState.ROLLED_BACK}
    ),
    ReleaseState.OPENING: frozenset(
        {ReleaseState.OPEN, ReleaseState.HELD, ReleaseState.CLOSED, ReleaseState.ROLLED_BACK}
    ),
    ReleaseState.OPEN: frozenset({ReleaseState.HELD, ReleaseState.CLOSED, ReleaseState.ROLLED_BACK}),
    ReleaseState.HELD: frozenset(
        {
            ReleaseState.PLANNED,
            ReleaseState.FROZEN,
            ReleaseState.REHEARSED,
            ReleaseState.OPENING,
            ReleaseState.OPEN,
            ReleaseState.CANCELLED,
            ReleaseState.ROLLED_BACK,
        }
    ),
    ReleaseState.CLOSED: frozenset(),
    ReleaseState.CANCELLED: frozenset({ReleaseState.PLANNED}),
    ReleaseState.ROLLED_BACK: frozenset(),
}
BEFORE_ANYBODY = frozenset({ReleaseState.PLANNED, ReleaseState.FROZEN})
"""Nobody has the build yet: it may be another one still, or none at all."""
GIVING = frozenset({ReleaseState.REHEARSED, ReleaseState.OPENING})
"""People are given the build, wave by wave."""
GIVEN = frozenset({ReleaseState.REHEARSED, ReleaseState.OPENING, ReleaseState.OPEN})
LONGEST_WHY = 500
ON_HOLD = "release_held"
"""Why a letter was cancelled that waits again when its release goes on."""
HOUR = timedelta(hours=1)
FEW = 5_000
"""People with a build, up to whom its figures are counted whenever they are looked at."""
COUNTED = timedelta(weeks=2)
"""How long after its opening a release is counted hour by hour."""


def opens_at(on: date, local_time: time, zone: str) -> datetime:
    """When a train that leaves on this date of its zone departs, in UTC.

    A time that the clock skips is moved on by the skip (02:30 becomes 03:30); one that comes twice is the first.
    """
    return moment_of(datetime.combine(on, local_time), zone)


def moment_of(local: datetime, zone: str) -> datetime:
    """A local time without a zone, in UTC, by the rules that the zone has now."""
    return tz.resolve_imaginary(local.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def hour_of(at: datetime) -> datetime:
    """The beginning of its hour."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def mark(release_id: int) -> str:
    """The label of a release in other rooms: the occasion of its letters, the reason of its build accesses."""
    return f"release:{release_id}"

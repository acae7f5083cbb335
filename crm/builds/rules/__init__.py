"""Kinds of check-in, platforms, channels, uploads, and what a check-in from outside must be like. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

PLATFORMS = ("android", "ios", "linux", "macos", "windows", "web", "firmware")
CHANNEL = "beta"
"""That of a build whose channel nobody named."""
LONGEST_CHANNEL = 40
LONGEST_DEVICE = 60
LONGEST_NOTE = 4000
WARNED_BEFORE = (14, 7, 2)
"""Days before a build ends, on each of which whoever looks after builds is warned once."""
LIFETIME = 90
"""Days that one press of "renew" gives."""
KEEP_UPLOADS = timedelta(days=7)
"""How long after its last piece an upload that stands still is kept."""
LONGEST_VERSION = 200
LONGEST_KEY = 200
BATCH = 500
CLOCKS_DIFFER = timedelta(minutes=10)
TRAVEL = timedelta(minutes=1)
FIRST_WEEK = datetime(1970, 1, 5, tzinfo=UTC)


class CheckInKind(StrEnum):
    """The funnel reads them all; a gate counts who ran that build (RAN), and its crashes."""

    FIRST_RUN = "first_run"
    HEARTBEAT = "heartbeat"
    UPDATE_CHECK = "update_check"
    REPORT = "report"
    CRASH = "crash"


RAN = (CheckInKind.FIRST_RUN, CheckInKind.HEARTBEAT, CheckInKind.UPDATE_CHECK)
TOLD_BY_DEVICES = (*RAN, CheckInKind.CRASH)
"""Reports are written on our own pages."""


class Order(StrEnum):
    """Where a build comes: after all of its channel, or below those of higher version, as the repair of an old line."""

    NEWEST = "newest"
    BELOW = "below"


class UploadState(StrEnum):
    """Arrived: every byte is here and is being summed. Then it is an artefact, or was refused."""

    ARRIVING = "arriving"
    ARRIVED = "arrived"
    STORED = "stored"
    REFUSED = "refused"


def by_our_clock(at: datetime, sent_at: datetime | None, now: datetime) -> datetime | None:
    """A device's time as our clock would have told it. `sent_at` is what the device's clock showed when it sent.

    Up to TRAVEL the two clocks count as one, for the message was on its way. None where no calendar has such a time.
    """
    if sent_at is None or abs(now - sent_at) <= TRAVEL:
        return at
    try:
        return at + (now - sent_at)
    except OverflowError:
        return None

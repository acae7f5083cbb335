"""Kinds of check-in, platforms, seats, and what a check-in from outside must be like. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

PLATFORMS = ("android", "ios", "linux", "macos", "windows", "web", "firmware")
LONGEST_VERSION = 200
LONGEST_KEY = 200
BATCH = 500
CLOCKS_DIFFER = timedelta(minutes=10)
FIRST_WEEK = datetime(1970, 1, 5, tzinfo=UTC)


class CheckInKind(StrEnum):
    """The funnel reads them all; a gate counts who ran that build (RAN), and its crashes."""

    FIRST_RUN = "first_run"
    HEARTBEAT = "heartbeat"
    UPDATE_CHECK = "update_check"
    REPORT = "report"
    CRASH = "crash"


RAN = (CheckInKind.FIRST_RUN, CheckInKind.HEARTBEAT, CheckInKind.UPDATE_CHECK)


class SeatState(StrEnum):
    HELD = "held"
    WAITING = "waiting"
    RELEASED = "released"

"""Kinds of check-in, platforms, seats. Pure."""

from __future__ import annotations

from enum import StrEnum

PLATFORMS = ("android", "ios", "linux", "macos", "windows", "web", "firmware")


class CheckInKind(StrEnum):
    """The funnel reads them all; a gate counts first runs, heartbeats and update checks of that build."""

    FIRST_RUN = "first_run"
    HEARTBEAT = "heartbeat"
    UPDATE_CHECK = "update_check"
    REPORT = "report"


class SeatState(StrEnum):
    HELD = "held"
    WAITING = "waiting"
    RELEASED = "released"

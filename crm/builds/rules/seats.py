"""What is ruled of the seats of a platform. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LEAST_GRACE = 7
"""Days between a warning and the loss of a seat, at least: nobody loses one overnight."""
MOST_SEATS = 10_000_000
MOST_WEEKS = 520
MOST_GRACE = 365


class SeatState(StrEnum):
    HELD = "held"
    WAITING = "waiting"
    RELEASED = "released"


class SeatEnd(StrEnum):
    """Why a seat was released."""

    IDLE = "idle"
    GIVEN_UP = "given_up"
    BY_STAFF = "by_staff"
    LEFT = "left"


@dataclass(frozen=True)
class SeatRule:
    """`cap`: how many seats there are, None without a limit. Whoever ran no build for `idle_weeks` is warned, and loses
    the seat `grace_days` later unless they ran one meanwhile; None: nobody is idle."""

    cap: int | None = None
    idle_weeks: int | None = None
    grace_days: int = 2 * LEAST_GRACE

    def idle_since(self, at: datetime) -> datetime | None:
        """Who ran nothing after this moment is idle at `at`."""
        return at - timedelta(weeks=self.idle_weeks) if self.idle_weeks is not None else None

    @property
    def grace(self) -> timedelta:
        return timedelta(days=self.grace_days)

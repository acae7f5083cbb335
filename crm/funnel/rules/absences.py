"""When a person was out of the programme. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

Stay = tuple[datetime, datetime | None]
Absences = tuple[tuple[datetime, datetime | None], ...]


def absences(agreements: Sequence[Stay], memberships: Sequence[Stay]) -> Absences:
    """From leaving until coming back, if ever.

    Left is who ended the tester agreement, also when they stay in a group; who only leaves a group has not left the
    programme. Back is who accepts again, or joins a group after that.
    """
    starts = [start for start, _ in (*agreements, *memberships)]
    ends = [end for _, end in _stretches(agreements) if end is not None]
    return tuple((end, min((start for start in starts if start > end), default=None)) for end in ends)


def _stretches(stays: Sequence[Stay]) -> list[Stay]:
    """Stays that touch or overlap, as one."""
    joined: list[Stay] = []
    for start, end in sorted(stays, key=lambda stay: stay[0]):
        if joined and (joined[-1][1] is None or start <= joined[-1][1]):
            before = joined[-1]
            last = None if before[1] is None or end is None else max(before[1], end)
            joined[-1] = (before[0], last)
        else:
            joined.append((start, end))
    return joined

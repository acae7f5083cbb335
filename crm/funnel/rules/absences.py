"""When a person was out of the programme. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

Stay = tuple[datetime, datetime | None]
Absences = tuple[tuple[datetime, datetime | None], ...]


def absences(agreements: Sequence[Stay], memberships: Sequence[Stay]) -> Absences:
    """From leaving until coming back, if ever.

    Left is who ended the tester agreement and is in no group either; who only leaves a group has not left the
    programme.
    """
    ends = sorted(end for _, end in agreements if end is not None)
    found: list[tuple[datetime, datetime | None]] = []
    for start, end in _stretches([*agreements, *memberships]):
        if found and found[-1][1] is None:
            found[-1] = (found[-1][0], start)
        if end is not None and any(start <= ended <= end for ended in ends):
            found.append((end, None))
    return tuple(found)


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

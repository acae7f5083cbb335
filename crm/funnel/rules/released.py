"""Which weeks a rule counts: the weeks of a release and the weeks after; every week where there is no train."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from crm.core import weeks


@dataclass(frozen=True)
class Run:
    """Counted weeks that follow each other: `length` of them from the week `start`; the first is number `index`."""

    start: int
    length: int
    index: int


class Counted:
    """The counted weeks from the week `start` to the running week of a moment, numbered from 0.

    Before the first open week every week counts, for there was no train; from then on the open weeks and those after.
    """

    def __init__(self, open_weeks: Iterable[int], start: int, moment: datetime, zone: ZoneInfo) -> None:
        self.start, self.zone, self.moment = start, zone, moment
        self.running = weeks.week_of(moment, zone)
        self.runs = _runs(sorted(open_weeks), start, self.running)
        self.count = self.runs[-1].index + self.runs[-1].length if self.runs else 0
        self._starts = [run.start for run in self.runs]
        self._indexes = [run.index for run in self.runs]
        self.completed = self.below(self.running)

    def week(self, index: int) -> int:
        """The week of a counted index. One past the last is the week after the running one."""
        if index >= self.count:
            return self.running + 1
        run = self.runs[bisect_right(self._indexes, index) - 1]
        return run.start + index - run.index

    def below(self, week: int) -> int:
        """How many counted weeks lie before this week: also the index of the first that does not."""
        at = bisect_left(self._starts, week)
        if at == 0:
            return 0
        run = self.runs[at - 1]
        return run.index + min(run.length, week - run.start)

    def compress(self, bits: int, first_week: int) -> int:
        """Bits by week, from `first_week`, as bits by counted index; weeks that do not count are left out."""
        found = 0
        for run in self.runs:
            shift = run.start - first_week
            part = bits >> shift if shift >= 0 else bits << -shift
            found |= (part & ((1 << run.length) - 1)) << run.index
        return found

    def starts_at(self, week: int) -> datetime:
        return _starts_at(week, self.zone)


@cache
def _starts_at(week: int, zone: ZoneInfo) -> datetime:
    return weeks.starts_at(week, zone)


def _runs(open_weeks: list[int], start: int, running: int) -> list[Run]:
    ends = running + 1
    first = min(open_weeks, default=ends)
    spans = [(start, min(first, ends))] + [(max(week, start), min(week + 2, ends)) for week in open_weeks]
    joined: list[list[int]] = []
    for low, high in spans:
        if low >= high:
            continue
        if joined and low <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], high)
        else:
            joined.append([low, high])
    runs, index = [], 0
    for low, high in joined:
        runs.append(Run(low, high - low, index))
        index += high - low
    return runs

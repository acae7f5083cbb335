"""How many letters may leave in an hour and a day, when nobody is disturbed, and how long many letters take. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm.outbox.rules import day_in, next_day_in

WARM_UP_GROWS = 1.5
WARM_UP_DAYS = 30
"""A server is known by then, also when its day has no limit."""
LONGEST_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Limits:
    """As models.MailLimits. Hours of quiet are those of a clock, 0 to 23; `quiet_to` is the first that is not quiet."""

    per_hour: int | None = None
    per_day: int | None = None
    domain_per_hour: int | None = None
    domain_per_day: int | None = None
    quiet_from: int | None = None
    quiet_to: int | None = None
    warm_from: date | None = None
    warm_first: int | None = None

    @property
    def any_count(self) -> bool:
        return any((self.per_hour, self.per_day, self.domain_per_hour, self.domain_per_day, self.warm_first))

    def on(self, day: date) -> int | None:
        """How many may leave on this day; None: no limit."""
        if self.warm_from is None or self.warm_first is None or not 0 <= (day - self.warm_from).days < WARM_UP_DAYS:
            return self.per_day
        warmed = round(self.warm_first * WARM_UP_GROWS ** (day - self.warm_from).days)
        return warmed if self.per_day is None else min(warmed, self.per_day)

    def warm_up(self) -> Iterator[tuple[date, int]]:
        """The days of the warm-up with their letters, until they are those of every day."""
        if self.warm_from is None:
            return
        for number in range(WARM_UP_DAYS):
            day = self.warm_from + timedelta(days=number)
            most = self.on(day)
            if most is None or most == self.per_day:
                return
            yield day, most


def hour_of(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def day_of(zone: ZoneInfo, at: datetime) -> datetime:
    """When the day began there."""
    return datetime.combine(date.fromisoformat(day_in(zone, at)), time(), zone).astimezone(UTC)


def quiet_until(limits: Limits, zone: ZoneInfo, at: datetime) -> datetime | None:
    """When the quiet hours in which `at` falls there are over; None outside of them."""
    begin, end = limits.quiet_from, limits.quiet_to
    if begin is None or end is None or begin == end:
        return None
    local = at.astimezone(zone)
    quiet = begin <= local.hour < end if begin < end else local.hour >= begin or local.hour < end
    if not quiet:
        return None
    day = local.date() if local.hour < end else local.date() + timedelta(days=1)
    return datetime.combine(day, time(end), zone).astimezone(UTC)


def free_at(limits: Limits, zone: ZoneInfo, at: datetime, this_hour: int, this_day: int) -> datetime | None:
    """When more may leave, after so many have in this hour and on this day; None: now."""
    most = limits.on(at.astimezone(zone).date())
    ends = [next_day_in(zone, at)] if most is not None and this_day >= most else []
    if limits.per_hour is not None and this_hour >= limits.per_hour:
        ends.append(hour_of(at) + timedelta(hours=1))
    return max(ends, default=None)


def room(limits: Limits, zone: ZoneInfo, at: datetime, this_hour: int, this_day: int) -> int | None:
    """How many more may leave now; None: any number."""
    most = limits.on(at.astimezone(zone).date())
    left = [] if most is None else [most - this_day]
    if limits.per_hour is not None:
        left.append(limits.per_hour - this_hour)
    return max(0, min(left)) if left else None


def domain_free_at(limits: Limits, zone: ZoneInfo, at: datetime, this_hour: int, this_day: int) -> datetime | None:
    """When one more may leave to a domain that so many leave to, or wait for; None: now."""
    ends = []
    if limits.domain_per_hour and (hours := this_hour // limits.domain_per_hour):
        ends.append(hour_of(at) + timedelta(hours=hours))
    if limits.domain_per_day and (days := this_day // limits.domain_per_day):
        day = at.astimezone(zone).date() + timedelta(days=days)
        ends.append(datetime.combine(day, time(), zone).astimezone(UTC))
    return max(ends, default=None)


def time_for(limits: Limits, zone: ZoneInfo, at: datetime, letters: int) -> timedelta | None:
    """How long so many letters take under these limits alone, from now on; None: they hold nothing up.

    Reckoned by hours, with the readers' quiet hours taken as the programme's. Ten years stand for whatever is longer.
    """
    if not limits.any_count and limits.quiet_from is None:
        return None
    left, now, today, day = letters, at, 0, day_in(zone, at)
    while left > 0 and now < at + timedelta(days=LONGEST_DAYS):
        if day_in(zone, now) != day:
            today, day = 0, day_in(zone, now)
        until = quiet_until(limits, zone, now)
        if until is not None:
            now = until
            continue
        most = room(limits, zone, now, 0, today)
        if most is None:
            break
        if most == 0:
            now = next_day_in(zone, now)
            continue
        gone = min(most, left)
        left, today, now = left - gone, today + gone, hour_of(now) + timedelta(hours=1)
    return now - at

"""The rules of the stages told week by week, as slowly and plainly as they can be: what the words of bits are held
against.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from crm.core import weeks
from crm.funnel.rules.sets import Rules

Moves = list[tuple[str, str, datetime]]
BELOW_ACTIVE = ("prospect", "contacted", "joined", "lapsed")


@dataclass
class Told:
    check_ins: list[datetime]
    contacted_at: datetime | None = None
    joined_at: datetime | None = None
    declined_at: datetime | None = None


@dataclass
class World:
    open_weeks: set[int]
    rules: list[Rules]
    zone: ZoneInfo
    start: int

    def counts(self, week: int) -> bool:
        if not self.open_weeks or week < min(self.open_weeks):
            return True
        return week in self.open_weeks or week - 1 in self.open_weeks

    def rule(self, week: int) -> Rules:
        held = [rules for rules in self.rules if rules.since <= week]
        return max(held, key=lambda rules: rules.since) if held else min(self.rules, key=lambda r: r.since)


class Naive:
    def __init__(self, told: Told, world: World, moment: datetime) -> None:
        self.told, self.world, self.moment = told, world, moment
        self.running = weeks.week_of(moment, world.zone)
        self.seen = {weeks.week_of(at, world.zone) for at in told.check_ins}
        self.stage = "prospect"
        self.moves: Moves = []
        self.first_active: int | None = None
        self.below = self.grace = 0
        self.was_active_below = False
        self.decided_by = world.rule(world.start)

    def run(self) -> Moves:
        for week in range(self.world.start, self.running + 1):
            self.monday(week)
            for at, _, kind in sorted(self.happenings(week)):
                if at <= self.moment and self.stage != "declined":
                    getattr(self, kind)(week, at)
        return self.moves

    def happenings(self, week: int) -> list[tuple[datetime, int, str]]:
        told = [
            (self.told.contacted_at, 0, "contacted"),
            (self.told.joined_at, 1, "joined"),
            (self.told.declined_at, 2, "declined"),
            (min((at for at in self.told.check_ins if self.week(at) == week), default=None), 3, "check_in"),
        ]
        return [(at, order, kind) for at, order, kind in told if at is not None and self.week(at) == week]

    def week(self, at: datetime) -> int:
        return weeks.week_of(at, self.world.zone)

    def go(self, to: str, at: datetime) -> None:
        self.moves.append((self.stage, to, at))
        self.stage, self.below = to, 0
        if to == "active" and self.first_active is None:
            self.first_active = self.week(at)

    def active_weeks(self, last: int, count: int) -> int:
        """In the last `count` counted weeks up to and with `last`."""
        found = [week for week in range(last, self.world.start - 1, -1) if self.world.counts(week)][:count]
        return sum(week in self.seen for week in found)

    def keeps_active(self, last: int, rules: Rules, extra: int = 0) -> bool:
        return self.active_weeks(last, rules.b + extra) >= rules.a

    def keeps_retained(self, last: int, now: int, rules: Rules, extra: int = 0) -> bool:
        tenured = self.first_active is not None and now - self.first_active >= rules.m
        return tenured and self.active_weeks(last, rules.n + extra) >= rules.k

    def monday(self, week: int) -> None:
        """The first moment of a week: the counted weeks before it are complete. Only such a week's end decides anew."""
        at, last = weeks.starts_at(week, self.world.zone), week - 1
        if last < self.world.start or self.stage == "declined":
            return
        is_end = self.world.counts(last)
        changed = False
        if is_end:
            changed = self.decided_by != self.world.rule(week)
            self.decided_by = self.world.rule(week)
        rules = self.decided_by
        if changed and self.stage in BELOW_ACTIVE and self.keeps_active(last, rules):
            self.go("active", at)
        if self.stage == "active" and self.keeps_retained(last, week, rules):
            self.go("retained", at)
        if is_end and self.stage == "retained":
            self.fall_from_retained(at, last, week, rules)
        if is_end and self.stage == "active":
            self.fall_from_active(at, last, rules)

    def fall_from_retained(self, at: datetime, last: int, week: int, rules: Rules) -> None:
        if self.keeps_retained(last, week, rules):
            self.below = 0
            return
        self.count_below(rules)
        self.was_active_below = (self.was_active_below and self.below > 1) or self.keeps_active(last, rules)
        if self.below > self.grace:
            self.go("active" if self.was_active_below else "lapsed", at)

    def fall_from_active(self, at: datetime, last: int, rules: Rules) -> None:
        if self.keeps_active(last, rules):
            self.below = 0
            return
        self.count_below(rules)
        if self.below > self.grace:
            self.go("lapsed", at)

    def count_below(self, rules: Rules) -> None:
        self.below += 1
        if self.below == 1:
            self.grace = rules.g

    def contacted(self, _week: int, at: datetime) -> None:
        if self.stage == "prospect":
            self.go("contacted", at)

    def joined(self, _week: int, at: datetime) -> None:
        if self.stage in ("prospect", "contacted"):
            self.go("joined", at)

    def declined(self, _week: int, at: datetime) -> None:
        self.go("declined", at)

    def check_in(self, week: int, at: datetime) -> None:
        if not self.world.counts(week):
            return
        rules = self.world.rule(week)
        if self.stage in BELOW_ACTIVE and self.keeps_active(week, rules, 1):
            self.go("active", at)
        if self.stage == "active" and self.keeps_retained(week, week, rules, 1):
            self.go("retained", at)

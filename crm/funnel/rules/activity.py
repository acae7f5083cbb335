"""What a person's weeks of check-ins do to their stage: active, retained, the warning, lapsed, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from crm.core import weeks
from crm.funnel.rules.facts import Facts, Path, Why
from crm.funnel.rules.sets import Ground
from crm.funnel.rules.stages import Stage
from crm.funnel.rules.weekbits import at_least, highest, in_window, lowest, span

WEEK = timedelta(weeks=1)
FALLING = (Stage.ACTIVE, Stage.RETAINED)


@dataclass(frozen=True, slots=True)
class Turn:
    """The next move that the weeks bring: at a counted index, within its week or at its end."""

    at: datetime
    is_down: bool
    index: int
    at_end: bool
    to: Stage


@dataclass(frozen=True, slots=True)
class Fall:
    """Weeks below a rule: warned at the end of the week `start`; `drop` ends the grace, None while it still runs."""

    start: int
    drop: int | None


class Activity:
    """Walks along a person's weeks. Words of bits by counted index answer "where next?" without a loop over weeks."""

    def __init__(self, facts: Facts, ground: Ground) -> None:
        counted = ground.counted
        self.firsts: Mapping[int, datetime] = facts.firsts
        self.ground, self.counted = ground, counted
        self.bits = counted.compress(facts.bits, facts.base)
        self.within = 0  # from here on, check-ins may move up
        self.ends = 0  # from here on, ends of weeks decide
        self.not_before: datetime | None = None
        self.first_active: int | None = None
        self.active_ends = 0
        self.up_active = 0
        for part in ground.parts:
            a, b = part.rules.a, part.rules.b
            self.up_active |= self.bits & at_least(self.bits, a, b + 1, counted.count) & part.within
            self.active_ends |= at_least(self.bits, a, b, counted.count) & part.ends
        self._retained: tuple[int, int] | None = None

    # ------------------------------------------------------------ what interrupts

    def pause(self, at: datetime) -> None:
        """Left: only a check-in of a later week brings back."""
        after = self.counted.below(weeks.week_of(at, self.counted.zone) + 1)
        self.within, self.ends = max(self.within, after), max(self.ends, after)

    def resume(self, at: datetime) -> None:
        """In the programme again: check-ins of this very week count from now on."""
        self.within = self.ends = self.counted.below(weeks.week_of(at, self.counted.zone))
        self.not_before = at

    # ------------------------------------------------------------ walking

    def walk(self, path: Path, until: datetime | None) -> None:
        """Makes every move before `until`, or up to and with the ground's moment."""
        moment = self.counted.moment
        while (turn := self._next(path)) is not None:
            if turn.at > moment or (until is not None and turn.at >= until):
                return
            self._make(path, turn)

    def warn(self, path: Path) -> None:
        """Whether a warning stands at the ground's moment. A check-in of the running week may have lifted it."""
        fall = self._fall(path) if path.stage in FALLING else None
        if fall is None or fall.drop is not None:
            return
        if self._is_lifted(path):
            return
        at = self.end_of(fall.start)
        path.warned_at = at
        path.grace_until = at + self.ground.at_end(fall.start).g * WEEK

    def _is_lifted(self, path: Path) -> bool:
        running = self.counted.completed
        if running >= self.counted.count or not self.bits >> running & 1:
            return False
        if self.moment_in(running) > self.counted.moment:
            return False
        ends = self.active_ends if path.stage is Stage.ACTIVE else self._retained_words()[1]
        return bool(ends >> running & 1)

    def _next(self, path: Path) -> Turn | None:
        if path.stage is Stage.ACTIVE:
            return _earliest(self._up_to_retained(), self._down(path))
        if path.stage is Stage.RETAINED:
            return self._down(path)
        return self._up_to_active(path)

    def _make(self, path: Path, turn: Turn) -> None:
        rules = self.ground.at_end(turn.index) if turn.at_end else self.ground.within(turn.index)
        if not turn.at_end and self.counted.week(turn.index) not in self.firsts:
            path.unclear = True
        path.go(turn.to, turn.at, self._why(turn, path), rules.version)
        self.ends = turn.index
        self.within = turn.index + 1 if turn.at_end else turn.index
        if turn.to is Stage.LAPSED:
            path.lapsed_at = turn.at
            self.ends = turn.index + 1
        else:
            path.left_at = None
        if turn.to is Stage.ACTIVE and self.first_active is None:
            self.first_active = weeks.week_of(turn.at, self.counted.zone)

    # ------------------------------------------------------------ where next

    def _up_to_active(self, path: Path) -> Turn | None:
        index = _from(self.up_active, self.within)
        by_fact = Turn(self.moment_in(index), False, index, False, Stage.ACTIVE) if index >= 0 else None
        if not self.ground.is_changing or path.left_at is not None:
            return by_fact
        index = _from(self.active_ends & self.ground.changes & self._completed, self.ends)
        by_rule = Turn(self.end_of(index), False, index, True, Stage.ACTIVE) if index >= 0 else None
        return _earliest(by_fact, by_rule)

    def _up_to_retained(self) -> Turn | None:
        up, ends = self._retained_words()
        index = _from(up, self.within)
        by_fact = Turn(self.moment_in(index), False, index, False, Stage.RETAINED) if index >= 0 else None
        index = _from(ends & self._completed, self.ends)
        if index < 0:
            return by_fact
        at = max(self.end_of(index), self._tenure_at(self.ground.at_end(index).m))
        return _earliest(by_fact, Turn(at, False, index, True, Stage.RETAINED))

    def _down(self, path: Path) -> Turn | None:
        fall = self._fall(path)
        if fall is None or fall.drop is None:
            return None
        to = Stage.LAPSED
        if path.stage is Stage.RETAINED and self.active_ends & span(fall.start, fall.drop + 1):
            to = Stage.ACTIVE
        return Turn(self.end_of(fall.drop), True, fall.drop, True, to)

    def _fall(self, path: Path) -> Fall | None:
        """The first weeks below the rule of this stage that outlast their grace, or that the last completed week
        ends.
        """
        kept = self.active_ends if path.stage is Stage.ACTIVE else self._retained_words()[1]
        below = ~kept & self._completed
        start = self.ends
        while (first := _from(below, start)) >= 0:
            grace = self.ground.at_end(first).g
            kept_again = _from(~below, first)
            if first + grace < min(kept_again, self.counted.completed):
                return Fall(first, first + grace)
            if kept_again >= self.counted.completed:
                return Fall(first, None)
            start = kept_again
        return None

    # ------------------------------------------------------------ words, moments, figures

    @property
    def _completed(self) -> int:
        return (1 << self.counted.completed) - 1

    def _retained_words(self) -> tuple[int, int]:
        """Where a check-in makes retained, and where the end of a week finds the retained rule kept."""
        if self._retained is None:
            up = ends = 0
            assert self.first_active is not None
            for part in self.ground.parts:
                rules = part.rules
                if self.first_active + rules.m > self.counted.running:
                    continue
                tenured = self.counted.below(self.first_active + rules.m)
                count = self.counted.count
                up |= self.bits & at_least(self.bits, rules.k, rules.n + 1, count) & part.within & span(tenured, count)
                kept = at_least(self.bits, rules.k, rules.n, count) & part.ends
                ends |= kept & span(max(tenured - 1, 0), count)
            self._retained = up, ends
        return self._retained

    def _tenure_at(self, m: int) -> datetime:
        assert self.first_active is not None
        return self.counted.starts_at(self.first_active + m)

    def end_of(self, index: int) -> datetime:
        return self.counted.starts_at(self.counted.week(index) + 1)

    def moment_in(self, index: int) -> datetime:
        """The first check-in of a counted week, as far as it counts."""
        week = self.counted.week(index)
        first = self.firsts.get(week) or self.counted.starts_at(week)
        return max(first, self.not_before) if self.not_before is not None else first

    def _why(self, turn: Turn, path: Path) -> Why:
        rules = self.ground.at_end(turn.index) if turn.at_end else self.ground.within(turn.index)
        retained = Stage.RETAINED in (turn.to, path.stage) and turn.to is not Stage.LAPSED
        needed, of = (rules.k, rules.n) if retained else (rules.a, rules.b)
        window = of if turn.at_end else of + 1
        figures: Why = {
            "fact": "weeks" if turn.at_end else "check_in",
            "week": weeks.iso_name(self.counted.week(turn.index)),
            "weeks": min(in_window(self.bits, turn.index, window), of),
            "needed": needed,
            "of": of,
        }
        if retained and self.first_active is not None:
            figures |= {
                "tenure": weeks.week_of(turn.at, self.counted.zone) - self.first_active,
                "tenure_needed": rules.m,
            }
        if turn.is_down:
            figures |= {"grace": rules.g, "last": self._last_week(turn.index)}
        return figures

    def _last_week(self, index: int) -> str:
        seen = self.bits & ((1 << (index + 1)) - 1)
        return weeks.iso_name(self.counted.week(highest(seen))) if seen else ""


def _from(word: int, start: int) -> int:
    """The lowest set bit at or above `start`; -1 when there is none."""
    rest = word >> start
    return lowest(rest) + start if rest else -1


def _earliest(one: Turn | None, other: Turn | None) -> Turn | None:
    """Of two turns at the same moment the one up."""
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda turn: (turn.at, turn.is_down))


__all__ = ["Activity", "Fall", "Turn"]

"""What a person has and what is missing, by the rule that holds. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from crm.funnel.rules.sets import Ground, Rules
from crm.funnel.rules.weekbits import in_window


@dataclass(frozen=True)
class Figures:
    """Weeks with a build among the last counted ones: as of now, the running week taken in when it helps."""

    rules: Rules
    active_weeks: int
    retained_weeks: int
    tenure: int

    @property
    def for_active(self) -> int:
        return max(0, self.rules.a - self.active_weeks)

    @property
    def for_retained(self) -> int:
        return max(0, self.rules.k - self.retained_weeks)

    @property
    def for_tenure(self) -> int:
        return max(0, self.rules.m - self.tenure)


def figures(seen: int, first_active: int | None, ground: Ground) -> Figures:
    """`seen`: weeks by counted index."""
    counted, rules = ground.counted, ground.latest
    running = counted.completed < counted.count and bool(seen >> counted.completed & 1)
    last = counted.completed if running else counted.completed - 1
    more = 1 if running else 0
    return Figures(
        rules,
        min(in_window(seen, last, rules.b + more), rules.b),
        min(in_window(seen, last, rules.n + more), rules.n),
        counted.running - first_active if first_active is not None else 0,
    )

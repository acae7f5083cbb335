"""What is known of one person, and what the way through the stages is told with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm.funnel.rules.stages import LADDER, Stage

RUNG = {stage: rung for rung, stage in enumerate(LADDER, start=1)}
Why = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """What happened to one person. `bits`: weeks with a check-in, bit 0 is the week `base`; `firsts`: the first
    check-in of a week, needed for the weeks that begin a move; `absences`: from leaving the programme until coming
    back, if ever.
    """

    known_at: datetime
    contacted_at: datetime | None = None
    contacted_why: Mapping[str, Any] = field(default_factory=dict)
    joined_at: datetime | None = None
    joined_why: Mapping[str, Any] = field(default_factory=dict)
    absences: tuple[tuple[datetime, datetime | None], ...] = ()
    declined_at: datetime | None = None
    base: int = 0
    bits: int = 0
    firsts: Mapping[int, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One move. `rule_version` is None when a fact alone made it."""

    from_stage: Stage
    to_stage: Stage
    at: datetime
    why: Why
    rule_version: int | None = None


@dataclass(slots=True)
class Path:
    """Where the way has led by the moment of its ground; the fields are those of the table `standing`.

    `unclear`: a move hangs on a check-in whose moment was not among the facts; its week is right, its moment is not.
    """

    stage: Stage
    since: datetime
    reached: int = 0
    came_in_at: Stage | None = None
    contacted_at: datetime | None = None
    joined_at: datetime | None = None
    active_at: datetime | None = None
    retained_at: datetime | None = None
    lapsed_at: datetime | None = None
    declined_at: datetime | None = None
    left_at: datetime | None = None
    warned_at: datetime | None = None
    grace_until: datetime | None = None
    first_week: int | None = None
    rule_version: int | None = None
    unclear: bool = False
    steps: list[Step] = field(default_factory=list)

    def go(self, to: Stage, at: datetime, why: Why, rule_version: int | None = None) -> None:
        self.steps.append(Step(self.stage, to, at, why, rule_version))
        self.stage, self.since = to, at
        rung = RUNG.get(to, 0)
        if rung > self.reached:
            if self.came_in_at is None:
                self.came_in_at = to
            self.reached = rung
            setattr(self, f"{to.value}_at", at)

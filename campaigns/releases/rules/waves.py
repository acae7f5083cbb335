"""Waves: who gets a build in which order, and the evidence that lets the next one go. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Any

WHOLE = 10_000
"""A share is told in hundredths of a percent."""
MOST_HOURS = 6 * 24
PRIME = 2_147_483_647
CORE_TAG = "core"
"""Who wears it is core, on trains that have no audience for it."""


class WaveKind(StrEnum):
    STAFF = "staff"
    CORE = "core"
    SHARE = "share"
    EVERYBODY = "everybody"


REHEARSING = frozenset({WaveKind.STAFF, WaveKind.CORE})
"""They get a build at its rehearsal, before its time."""


class Notify(StrEnum):
    """What a wave is written: a letter in the person's language, one in all of the programme's, or none."""

    LETTER = "letter"
    ALL_LANGUAGES = "all_languages"
    NONE = "none"


@dataclass(frozen=True)
class Step:
    """One wave of a train; `percent` of those who are in no wave before it, for a share only."""

    kind: WaveKind
    notify: Notify = Notify.LETTER
    percent: int | None = None


PLAIN = (Step(WaveKind.STAFF), Step(WaveKind.EVERYBODY))
"""The waves of a train that says nothing else."""
ORDER = tuple(WaveKind)


def in_order(steps: Sequence[Step]) -> bool:
    """Staff, core, shares, everybody: each but the shares once, and after shares everybody. A train may end with staff
    or the core, as one that carries nightly builds.
    """
    kinds = [step.kind for step in steps]
    single = [kind for kind in kinds if kind is not WaveKind.SHARE]
    return (
        kinds == sorted(kinds, key=ORDER.index)
        and len(single) == len(set(single))
        and kinds[-1:] not in ([], [WaveKind.SHARE])
        and all((step.kind is WaveKind.SHARE) == (step.percent is not None) for step in steps)
        and all(0 < step.percent < 100 for step in steps if step.percent is not None)
    )


Seed = tuple[int, int, int]


def seed_of(release_id: int, position: int) -> Seed:
    """By what the people of one share are drawn; another release draws others."""
    drawn = sha256(f"{release_id}:{position}".encode()).digest()
    factor, first, second = (int.from_bytes(drawn[start : start + 8]) % (PRIME - 1) + 1 for start in (0, 8, 16))
    return factor, first, second


def place_of(person_id: Any, seed: Seed) -> Any:
    """Where a person stands in a draw, from 0 to WHOLE - 1: the same on every machine, and in a database, whose numbers
    have 63 bits. A share takes the lowest.

    Squared twice in the field of PRIME: people whose numbers follow each other stand apart, where a line through them
    would give a share of few people far too many or nobody.
    """
    factor, first, second = seed
    placed = (person_id % PRIME * factor + first) % PRIME
    placed = (placed * placed + second) % PRIME
    return placed * placed % PRIME % WHOLE


@dataclass(frozen=True)
class Gate:
    """What must be seen of those who have a build before the next wave gets it; None asks for nothing.

    `ran_percent` of them ran it within `hours` of getting it; fewer blockers and crashes than the limits.
    """

    ran_percent: int | None = None
    hours: int = 24
    blockers: int | None = None
    crashes: int | None = None

    @property
    def is_open(self) -> bool:
        return self.ran_percent is None and self.blockers is None and self.crashes is None


DEFAULT_GATE = Gate(ran_percent=30, hours=24, blockers=3, crashes=5)
"""What a new train's form starts with."""


@dataclass(frozen=True)
class Evidence:
    """People who were given the build, who of them ran it in time; blocker reports on it, crashes of it."""

    given: int = 0
    ran: int = 0
    blockers: int = 0
    crashes: int = 0


class Lack(StrEnum):
    RUNS = "runs"
    BLOCKERS = "blockers"
    CRASHES = "crashes"


def lacks(gate: Gate, seen: Evidence) -> list[Lack]:
    """Why the next wave waits; nothing when it may go. Where nobody has the build, nobody need have run it."""
    found = []
    if gate.ran_percent is not None and seen.ran * 100 < gate.ran_percent * seen.given:
        found.append(Lack.RUNS)
    if gate.blockers is not None and seen.blockers >= gate.blockers:
        found.append(Lack.BLOCKERS)
    if gate.crashes is not None and seen.crashes >= gate.crashes:
        found.append(Lack.CRASHES)
    return found


def runs_needed(gate: Gate, given: int) -> int:
    """How many of the given must have run it."""
    return -(-(gate.ran_percent or 0) * given // 100)


@dataclass(frozen=True)
class Course:
    """How a train's releases go: what comes so many hours before, through which waves, with which evidence."""

    freeze_hours: int | None = None
    rehearsal_hours: int | None = None
    goes_itself: bool = True
    core_audience_id: int | None = None
    steps: Sequence[Step] = PLAIN
    gate: Gate = field(default_factory=Gate)
    holidays: Mapping[date, str] = field(default_factory=dict)

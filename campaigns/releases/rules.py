"""States of a release and the moves between them; the calendar of a train. Pure."""

from __future__ import annotations

from enum import StrEnum


class ReleaseState(StrEnum):
    PLANNED = "planned"
    OPENING = "opening"
    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


RELEASE_MOVES: dict[ReleaseState, frozenset[ReleaseState]] = {
    ReleaseState.PLANNED: frozenset({ReleaseState.OPENING, ReleaseState.CANCELLED}),
    ReleaseState.OPENING: frozenset({ReleaseState.OPEN}),
    ReleaseState.OPEN: frozenset({ReleaseState.CLOSED}),
    ReleaseState.CLOSED: frozenset(),
    ReleaseState.CANCELLED: frozenset(),
}


class WaveKind(StrEnum):
    STAFF = "staff"
    CORE = "core"
    EVERYBODY = "everybody"

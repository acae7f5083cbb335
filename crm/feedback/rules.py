"""Requests: kinds, severities, states and the moves between them; heat. Pure."""

from __future__ import annotations

from enum import StrEnum


class RequestKind(StrEnum):
    FAULT = "fault"
    IDEA = "idea"


class Severity(StrEnum):
    MINOR = "minor"
    MAJOR = "major"
    BLOCKER = "blocker"


class RequestState(StrEnum):
    OPEN = "open"
    PLANNED = "planned"
    SHIPPED = "shipped"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


REQUEST_MOVES: dict[RequestState, frozenset[RequestState]] = {
    RequestState.OPEN: frozenset(
        {RequestState.PLANNED, RequestState.SHIPPED, RequestState.DECLINED, RequestState.WITHDRAWN}
    ),
    RequestState.PLANNED: frozenset({RequestState.OPEN, RequestState.SHIPPED, RequestState.DECLINED}),
    RequestState.SHIPPED: frozenset({RequestState.OPEN}),
    RequestState.DECLINED: frozenset({RequestState.OPEN}),
    RequestState.WITHDRAWN: frozenset(),
}

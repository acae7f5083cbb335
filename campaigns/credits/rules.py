"""States of an edition and the moves between them; answers to the consent. Pure."""

from __future__ import annotations

from enum import StrEnum


class EditionState(StrEnum):
    DRAFT = "draft"
    FROZEN = "frozen"
    SHIPPED = "shipped"
    SUPERSEDED = "superseded"


EDITION_MOVES: dict[EditionState, frozenset[EditionState]] = {
    EditionState.DRAFT: frozenset({EditionState.FROZEN}),
    EditionState.FROZEN: frozenset({EditionState.DRAFT, EditionState.SHIPPED}),
    EditionState.SHIPPED: frozenset({EditionState.SUPERSEDED}),
    EditionState.SUPERSEDED: frozenset(),
}


class ConsentAnswer(StrEnum):
    YES = "yes"
    NO = "no"

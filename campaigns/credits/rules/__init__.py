"""States of an edition and their moves; who is chosen, who of them is on it; answers to the consent. Pure."""

from __future__ import annotations

import re
from enum import StrEnum

LONGEST_NAME = 200
DEFAULT_SIZE = "1080x2400"
SIZES = ("1080x2400", "1440x3200", "1080x1920", "1200x2000", "1920x1080", "2560x1440", "3840x2160")
SMALLEST_SIDE, LARGEST_SIDE = 160, 8192


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


class RuleKind(StrEnum):
    """By what the people of an edition are chosen, each as of a moment."""

    RETAINED = "retained"


class Place(StrEnum):
    """Whether somebody who was chosen is on the edition, and if not, why."""

    ON = "on"
    UNANSWERED = "unanswered"
    NO = "no"
    HIDDEN = "hidden"
    LATE = "late"


class ConsentAnswer(StrEnum):
    YES = "yes"
    NO = "no"


def sides(size: str) -> tuple[int, int] | None:
    """Width and height in pixels of `1080x2400`; None when it is no size that can be drawn."""
    found = re.fullmatch(r"([0-9]{3,4})[xX\u00d7*]([0-9]{3,4})", size.replace(" ", ""))
    if found is None:
        return None
    width, height = int(found[1]), int(found[2])
    fits = all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in (width, height))
    return (width, height) if fits else None

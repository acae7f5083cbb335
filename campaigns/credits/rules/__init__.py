"""States of an edition and their moves; who is chosen, who of them is on it; answers to the consent. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

LONGEST_NAME = 200
DEFAULT_SIZE = "1080x2400"
SIZES = ("1080x2400", "1440x3200", "1080x1920", "1200x2000", "1920x1080", "2560x1440", "3840x2160")
SMALLEST_SIDE, LARGEST_SIDE = 160, 8192
MOST_SIZES = 12


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
    """By what people are chosen; an edition takes everybody whom one of its parts chooses. In the order in which their
    sections stand."""

    FIRST = "first"
    TAG = "tag"
    LIST = "list"
    RETAINED = "retained"
    ACTIVE = "active"


@dataclass(frozen=True)
class Part:
    """One part of an edition's rule. `value` is how many first testers, a tag's name or a frozen list's number."""

    kind: RuleKind
    value: str = ""


def parts_of(rule: Mapping[str, Any]) -> list[Part]:
    """From {"any": [{"kind": "first", "value": "100"}, {"kind": "retained"}]}. Raises ValueError for another shape."""
    given = rule.get("any")
    if not isinstance(given, list) or not given:
        raise ValueError("a rule holds at least one part")
    found = [Part(RuleKind(part["kind"]), str(part.get("value", ""))) for part in given]
    return sorted(found, key=lambda part: list(RuleKind).index(part.kind))


def rule_of(parts: Iterable[Part]) -> dict[str, Any]:
    return {"any": [{"kind": part.kind.value, **({"value": part.value} if part.value else {})} for part in parts]}


@dataclass(frozen=True)
class Wording:
    """The words of one language; `headings` by kind of part, an empty one makes no section."""

    title: str = ""
    subtitle: str = ""
    footer: str = ""
    headings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """How an edition is drawn: once per language and size. `silhouette` is empty for the theme's own, `none`, a name,
    or `file:` and the key of an uploaded one; `colours` as #rrggbb take the place of the theme's; `min_px` None stands
    for the library's own choice."""

    sizes: tuple[str, ...] = ("1080x2400",)
    formats: tuple[str, ...] = ("png",)
    theme: str = "lantern"
    colours: Mapping[str, str] = field(default_factory=dict)
    silhouette: str = ""
    wordings: Mapping[str, Wording] = field(default_factory=dict)
    min_px: int | None = None
    order: str = "name"


def look_of(told: Mapping[str, Any]) -> Look:
    """From what is kept as JSON."""
    plain = Look()
    return Look(
        sizes=tuple(told.get("sizes", plain.sizes)),
        formats=tuple(told.get("formats", plain.formats)),
        theme=told.get("theme", plain.theme),
        colours=told.get("colours", plain.colours),
        silhouette=told.get("silhouette", plain.silhouette),
        wordings={language: Wording(**words) for language, words in told.get("wordings", {}).items()},
        min_px=told.get("min_px"),
        order=told.get("order", plain.order),
    )


def told_of(look: Look) -> dict[str, Any]:
    """To what is kept as JSON."""
    told = asdict(look)
    return told | {"sizes": list(look.sizes), "formats": list(look.formats)}


class Place(StrEnum):
    """Whether somebody who was chosen is on the edition, and if not, why."""

    ON = "on"
    UNANSWERED = "unanswered"
    NO = "no"
    HIDDEN = "hidden"
    LATE = "late"
    NOT_CHOSEN = "not_chosen"


class ConsentAnswer(StrEnum):
    YES = "yes"
    NO = "no"


def sizes_of(text: str) -> tuple[str, ...] | None:
    """`1080x2400, 1440x3200` as sizes, each once; None when one of them is none, or there is none or too many."""
    found = [
        sides(part) for part in re.split(r"[,;\s，、；]+", re.sub(r"\s*[xX\u00d7*]\s*", "x", text.strip())) if part
    ]
    if not 1 <= len(found) <= MOST_SIZES or None in found:
        return None
    return tuple(dict.fromkeys("{}x{}".format(*size) for size in found if size))


def sides(size: str) -> tuple[int, int] | None:
    """Width and height in pixels of `1080x2400`; None when it is no size that can be drawn."""
    found = re.fullmatch(r"([0-9]{3,4})[xX\u00d7*]([0-9]{3,4})", size.replace(" ", ""))
    if found is None:
        return None
    width, height = int(found[1]), int(found[2])
    fits = all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in (width, height))
    return (width, height) if fits else None

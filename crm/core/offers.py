"""What a room offers to others: how rooms that may not know each other meet (besides look, origins and restand).

A room declares `OFFERS = RoomOffers(...)` in its offers.py; create_app collects them by name; callers use `offers()`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from flask import current_app
from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from crm.core.guards import May
from crm.core.owned import Moved, Owned


@dataclass(frozen=True)
class Event:
    """One line of a person's timeline. `text` is a finished sentence in the reader's language."""

    at: datetime
    kind: str
    text: str
    detail: str = ""
    url: str | None = None
    by: str = ""


@dataclass(frozen=True)
class Rows:
    """Whoever has a row of a table for which `holds`, or with `none` whoever has no such row.

    `person` is the table's column that says whom a row is about; `also` is a WHERE over the person besides. Lists read
    the set of all these people, or with `each` ask it of one person after the other. A count may join several such
    conditions into one and read a part of the table at a time, so `holds` speaks of nothing but the row itself.
    """

    person: InstrumentedAttribute[int]
    holds: ColumnElement[bool]
    none: bool = False
    each: bool = False
    also: ColumnElement[bool] | None = None


@dataclass(frozen=True)
class Condition:
    """One filter of people. `clause(value, at)` is a WHERE over `Person.id`, or rows; `value` is text from a form.

    kind: "choice" (choices() gives value and label), "text", "days" (a whole number), "yes" (no value).
    Raises NotUnderstood for a value it cannot read.
    """

    key: str
    label: Any
    kind: str
    clause: Callable[[str, datetime], ColumnElement[bool] | Rows]
    choices: Callable[[], list[tuple[str, str]]] | None = None


@dataclass(frozen=True)
class Panel:
    """A part of a page assembled from rooms: `template` is included with what `context(person_id, at)` returns.

    A context of None leaves the panel out. For Home, person_id is the viewer's. `order` sorts panels on the page.
    """

    key: str
    template: str
    context: Callable[[int, datetime], dict[str, Any] | None]
    order: int = 50
    may: May | None = None


@dataclass(frozen=True)
class NavItem:
    """`for_testers` items stand in the tester's navigation, others in the staff's, shown to those who may.

    Items of one `section` (its label) that follow each other are one entry, which the first opens.
    """

    label: Any
    endpoint: str
    may: May | None = None
    for_testers: bool = False
    order: int = 50
    section: Any = None


@dataclass(frozen=True)
class RoomOffers:
    """`owned` covers merge, un-merge, export and forget of the room's tables; the hooks do what rows alone cannot.

    forget_again: after a restore, forgets whom the lines of the erasure log name; returns how many people.
    """

    room: str
    owned: Sequence[Owned] = ()
    merge: Callable[[int, int, datetime], Any] | None = None
    unmerge: Callable[[int, int, Any, datetime], None] | None = None
    export: Callable[[int], dict[str, Any]] | None = None
    forget: Callable[[int, datetime], None] | None = None
    forget_again: Callable[[Iterable[str], datetime], int] | None = None
    touched: Callable[[Iterable[int]], set[int]] | None = None
    timeline: Callable[[int, datetime | None, int], list[Event]] | None = None
    conditions: Sequence[Condition] = ()
    home: Sequence[Panel] = ()
    person: Sequence[Panel] = ()
    tester: Sequence[Panel] = ()
    navigation: Sequence[NavItem] = ()
    reports: Sequence[NavItem] = ()
    settings: Sequence[NavItem] = ()
    facts: dict[str, Callable[..., Any]] = field(default_factory=dict)


def offers() -> Sequence[RoomOffers]:
    """Every room's offers, lower rooms first."""
    return cast("Sequence[RoomOffers]", current_app.extensions["seedbed_offers"])


def conditions() -> dict[str, Condition]:
    return {condition.key: condition for room in offers() for condition in room.conditions}


MovedByRoom = dict[str, dict[str, Any]]
__all__ = [
    "Condition",
    "Event",
    "Moved",
    "MovedByRoom",
    "NavItem",
    "Owned",
    "Panel",
    "RoomOffers",
    "conditions",
    "offers",
]

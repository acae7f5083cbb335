"""Kinds of chat rooms, states of a place, when a group counts as nearly full. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import quote

GROUP_KINDS = ("qq", "wechat", "matrix", "telegram")
MOST_PLACES = 1_000_000
BASIS = "member of our group"


class PlaceState(StrEnum):
    """waiting -> held -> taken | lapsed; whoever joins by another way has taken theirs."""

    WAITING = "waiting"
    HELD = "held"
    TAKEN = "taken"
    LAPSED = "lapsed"


RUNNING = (PlaceState.WAITING, PlaceState.HELD)
PLACE_HELD = timedelta(days=3)
"""The time to take a place. The letter and the page say it in words."""
NEARLY_FULL = 0.9


def is_nearly_full(capacity: int, used: int) -> bool:
    return used >= capacity * NEARLY_FULL


def way_in(kind: str, address: str) -> str | None:
    """A link that opens the group, as far as its address gives one; a bare QQ number gives none."""
    address = address.strip()
    if address.startswith(("https://", "http://")):
        return address
    if kind == "matrix" and address[:1] in ("#", "!"):
        return f"https://matrix.to/#/{quote(address, safe='#!:')}"
    if kind == "telegram" and address.startswith("@"):
        return f"https://t.me/{quote(address[1:])}"
    return None


# What rooms tell us ---------------------------------------------------------------------------------------------------

EVENTS_AT_ONCE = 1000
LONGEST_EVENT_ID = 255


class EventKind(StrEnum):
    """`claim`: somebody said a code in the room, or asked to be let in with it; it moves nobody."""

    JOIN = "join"
    LEAVE = "leave"
    CLAIM = "claim"


class Told(StrEnum):
    """What became of an event. Known: it was told before. Unmatched: nobody whom we know, and nobody to make."""

    JOINED = "joined"
    LEFT = "left"
    UNCHANGED = "unchanged"
    KNOWN = "known"
    UNMATCHED = "unmatched"


@dataclass(frozen=True, slots=True)
class RoomEvent:
    """`identity` is normalised; `codes` are what may be invite codes in what the member wrote of themselves."""

    id: str
    kind: EventKind
    at: datetime
    identity: tuple[str, str] | None
    name: str = ""
    codes: tuple[str, ...] = ()

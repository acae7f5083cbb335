"""What kinds of mail come back, and when too much of it did. Pure."""

from __future__ import annotations

from enum import StrEnum


class IncomingKind(StrEnum):
    """`unreadable`: the server could not hand it over, or nothing could be made of it. `other`: from nobody we know."""

    HARD_BOUNCE = "hard_bounce"
    SOFT_BOUNCE = "soft_bounce"
    DELAYED = "delayed"
    COMPLAINT = "complaint"
    UNSUBSCRIBED = "unsubscribed"
    DELIVERED = "delivered"
    AUTO_REPLY = "auto_reply"
    REPLY = "reply"
    OTHER = "other"
    UNREADABLE = "unreadable"


BOUNCES = frozenset({IncomingKind.HARD_BOUNCE, IncomingKind.SOFT_BOUNCE, IncomingKind.DELAYED})
LONGEST_TEXT = 20_000
LONGEST_LINE = 300


def is_too_much(count: int, sent: int, per_10_000: int, least_sent: int) -> bool:
    """Whether `count` of `sent` letters is over the limit; never said of fewer letters than `least_sent`."""
    return sent >= least_sent and count * 10_000 > sent * per_10_000

"""A tester leaves, or asks never to be written to again."""

from __future__ import annotations

from datetime import datetime

from crm.accounts.actions import close_sessions, end_agreement
from crm.outbox.actions import NewTouch, record_touches
from crm.outbox.rules import Direction, Outcome

OWN_PAGE = "email"
"""The channel by which testers are reached and sign in, so the one over which they refuse on their page."""


def leave(person_id: int, reason: str, *, at: datetime, now: datetime, keep_sessions: bool = False) -> bool:
    """Ends the agreement and the sessions (`now` is the clock's). Whether there was one to end."""
    ended = end_agreement(person_id, at=at, reason=reason)
    if not keep_sessions:
        close_sessions(person_id, at=now)
    return ended


def never_write_again(person_id: int, *, at: datetime, now: datetime, keep_sessions: bool = False) -> None:
    """Declined: all identities are suppressed, waiting letters cancelled, the agreement ended. Final."""
    end_agreement(person_id, at=at, reason="")
    refused = NewTouch(person_id=person_id, at=at, direction=Direction.IN, channel=OWN_PAGE, outcome=Outcome.REFUSED)
    record_touches([refused], at)
    if not keep_sessions:
        close_sessions(person_id, at=now)

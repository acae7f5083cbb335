"""What a mail provider reports of letters, signed with our secret: each event once, by its id."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crm.inbound.actions.taking_in import Whose, insert_incoming, react
from crm.inbound.queries import last_letter_to, letter_named, person_at
from crm.inbound.rules import LONGEST_LINE, IncomingKind
from crm.inbound.rules.classifying import our_ids
from crm.inbound.rules.parts import clean
from crm.people.actions import suppress
from crm.people.actions.suppressing import suppress_pairs
from crm.people.queries import standing_for
from crm.people.rules import SuppressionReason

REASONS = {
    IncomingKind.HARD_BOUNCE: SuppressionReason.BOUNCED,
    IncomingKind.COMPLAINT: SuppressionReason.COMPLAINT,
    IncomingKind.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
}


@dataclass(frozen=True, slots=True)
class MailEvent:
    """`message_id` as our letter had it, or the `address` it went to; at least one of them."""

    id: str
    kind: IncomingKind
    message_id: str = ""
    address: str = ""
    detail: str = ""
    at: datetime | None = None


def take_events(events: Sequence[MailEvent], at: datetime) -> int:
    """How many are new."""
    return sum(_take(event, at) for event in events)


def _whose(event: MailEvent) -> Whose:
    """A provider that knows the secret is believed by the address alone."""
    letter = letter_named(our_ids(event.message_id)) or last_letter_to(event.address)
    if letter is not None:
        return Whose(letter, standing_for(letter.person_id), True)
    return Whose(None, person_at(event.address), True)


def _take(event: MailEvent, at: datetime) -> bool:
    whose = _whose(event)
    made = insert_incoming(
        {
            "mailbox_id": None,
            "key": event.id,
            "fingerprint": hashlib.sha256(f"event:{event.id}".encode()).hexdigest(),
            "kind": event.kind,
            "at": min(event.at or at, at),
            "read_at": at,
            "person_id": whose.person_id,
            "letter_id": whose.letter.id if whose.letter else None,
            "proved": True,
            "from_address": event.address,
            "text": clean(event.detail, LONGEST_LINE * 4),
        }
    )
    if made is None:
        return False
    react(made, whose, at)
    if whose.letter is None and event.kind in REASONS:
        _without_a_letter(event, whose.person_id, at)
    return True


def _without_a_letter(event: MailEvent, person_id: int | None, at: datetime) -> None:
    """Also of nobody we know: whoever imports this address later does not write to it."""
    reason = REASONS[event.kind]
    if event.address:
        suppress_pairs([("email", event.address)], reason, at)
    if person_id is not None and reason is not SuppressionReason.BOUNCED:
        suppress([person_id], reason, at)

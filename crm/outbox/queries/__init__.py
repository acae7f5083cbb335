"""Reads of the outbox."""

from crm.outbox.queries.letters import (
    contact_of,
    count_by_hand,
    count_by_origin,
    count_by_state,
    count_uncertain,
    count_waiting,
    held_by,
    in_queue,
    last_touches,
    letter_or_404,
    letters_page,
    origins_with_letters,
    refused_by_letter,
    waiting,
)

__all__ = [
    "contact_of",
    "count_by_hand",
    "count_by_origin",
    "count_by_state",
    "count_uncertain",
    "count_waiting",
    "held_by",
    "in_queue",
    "last_touches",
    "letter_or_404",
    "letters_page",
    "origins_with_letters",
    "refused_by_letter",
    "waiting",
]

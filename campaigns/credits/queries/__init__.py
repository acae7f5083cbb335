"""Reads of this room."""

from campaigns.credits.queries.asking import asked_of, asking_job, round_to_come, rounds
from campaigns.credits.queries.consents import (
    appearances,
    chosen_since_hidden,
    consent_figures,
    consent_of,
    count_withdrawn,
    is_taken,
    looks_like_staff,
    my_name_token,
    read_my_name_token,
    withdrawn_at,
    withdrawn_page,
)
from campaigns.credits.queries.editions import (
    chosen,
    edition_or_404,
    editions_page,
    names_of,
    newest_job,
    people_page,
    place_figures,
    rendering_of,
    withdrawn_since,
)

__all__ = [
    "appearances",
    "asked_of",
    "asking_job",
    "chosen",
    "chosen_since_hidden",
    "consent_figures",
    "consent_of",
    "count_withdrawn",
    "edition_or_404",
    "editions_page",
    "is_taken",
    "looks_like_staff",
    "my_name_token",
    "names_of",
    "newest_job",
    "people_page",
    "place_figures",
    "read_my_name_token",
    "rendering_of",
    "round_to_come",
    "rounds",
    "withdrawn_at",
    "withdrawn_page",
    "withdrawn_since",
]

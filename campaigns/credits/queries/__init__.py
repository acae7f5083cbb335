"""Reads of this room."""

from campaigns.credits.queries.consents import appearances, consent_figures, consent_of
from campaigns.credits.queries.editions import (
    ChosenName,
    chosen,
    edition_or_404,
    editions_page,
    is_drawn,
    names_of,
    newest_job,
    parts,
    people_page,
    place_figures,
    renderings_of,
    share_token,
    shared_name,
    withdrawn_since,
)

__all__ = [
    "ChosenName",
    "appearances",
    "chosen",
    "consent_figures",
    "consent_of",
    "edition_or_404",
    "editions_page",
    "is_drawn",
    "names_of",
    "newest_job",
    "parts",
    "people_page",
    "place_figures",
    "renderings_of",
    "share_token",
    "shared_name",
    "withdrawn_since",
]

"""Reads of this room."""

from campaigns.credits.queries.consents import appearances, consent_figures, consent_of
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
    "chosen",
    "consent_figures",
    "consent_of",
    "edition_or_404",
    "editions_page",
    "names_of",
    "newest_job",
    "people_page",
    "place_figures",
    "rendering_of",
    "withdrawn_since",
]

"""Reads about campaigns."""

from campaigns.outreach.queries.campaigns import (
    all_paused_themselves,
    audience_of,
    campaign_or_404,
    campaigns,
    left_out,
    opened,
    paused_itself,
    people_left_out,
    running_ids,
    somebody,
    step_of,
    steps_of,
    summary,
    texts_of,
    variants_of,
    waiting_by_hand,
)
from campaigns.outreach.queries.places import facts_of, places_page, standing, stops_of

__all__ = [
    "all_paused_themselves",
    "audience_of",
    "campaign_or_404",
    "campaigns",
    "facts_of",
    "left_out",
    "opened",
    "paused_itself",
    "people_left_out",
    "places_page",
    "running_ids",
    "somebody",
    "standing",
    "step_of",
    "steps_of",
    "stops_of",
    "summary",
    "texts_of",
    "variants_of",
    "waiting_by_hand",
]

"""Reads across rooms for the pages of staff."""

from crm.desk.queries.chosen import Chip, chips, filter_fields, known_filters
from crm.desk.queries.listing import (
    NEVER_CONTACTED,
    SORTS,
    PersonRow,
    count_never_contacted,
    count_of,
    is_counted,
    never_contacted,
    people_page,
    rows_of,
)
from crm.desk.queries.person import known_by, merged_timeline, stands_and_waits
from crm.desk.queries.today import FirstSteps, Ladder, first_steps, ladder

__all__ = [
    "NEVER_CONTACTED",
    "SORTS",
    "Chip",
    "FirstSteps",
    "Ladder",
    "PersonRow",
    "chips",
    "count_never_contacted",
    "count_of",
    "filter_fields",
    "first_steps",
    "is_counted",
    "known_by",
    "known_filters",
    "ladder",
    "merged_timeline",
    "never_contacted",
    "people_page",
    "rows_of",
    "stands_and_waits",
]

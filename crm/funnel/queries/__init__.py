"""What others may read of the funnel."""

from crm.funnel.queries.cohorts import cohorts
from crm.funnel.queries.figures import by, median_times, totals
from crm.funnel.queries.standings import first_active, moves_of, retained_on, stage_of, standing_of, stood_at

__all__ = [
    "by",
    "cohorts",
    "first_active",
    "median_times",
    "moves_of",
    "retained_on",
    "stage_of",
    "standing_of",
    "stood_at",
    "totals",
]

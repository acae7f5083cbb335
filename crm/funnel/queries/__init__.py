"""What others may read of the funnel."""

from crm.funnel.queries.cohorts import cohorts
from crm.funnel.queries.figures import by, median_times, totals
from crm.funnel.queries.standings import moves_of, retained_on, stage_of, standing_of

__all__ = ["by", "cohorts", "median_times", "moves_of", "retained_on", "stage_of", "standing_of", "totals"]

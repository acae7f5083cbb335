"""Settling where people stand, keeping the figures made of it, and publishing the rules by which they do."""

from crm.funnel.actions.keeping import keep_cohorts
from crm.funnel.actions.rollup import rebuild_cells
from crm.funnel.actions.settling import recompute, recompute_for_the_day, settle

__all__ = ["keep_cohorts", "rebuild_cells", "recompute", "recompute_for_the_day", "settle"]

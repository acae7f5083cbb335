"""Settling where people stand, keeping the figures made of it, and publishing the rules by which they do."""

from crm.funnel.actions.keeping import keep
from crm.funnel.actions.rollup import rebuild_cells
from crm.funnel.actions.rule_sets import publish
from crm.funnel.actions.settling import recompute, recompute_for_the_day, settle

__all__ = ["keep", "publish", "rebuild_cells", "recompute", "recompute_for_the_day", "settle"]

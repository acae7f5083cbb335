"""Settling where people stand, and publishing the rules by which they do."""

from crm.funnel.actions.settling import recompute, recompute_for_the_day, settle

__all__ = ["recompute", "recompute_for_the_day", "settle"]

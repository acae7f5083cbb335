"""Stages, the words of weeks they are read from, and how a person moves between them. Pure."""

from crm.funnel.rules.stages import LADDER, Stage

__all__ = ["LADDER", "Stage"]

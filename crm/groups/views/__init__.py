"""Doors of groups, for staff: the groups, one group, who joins and leaves it."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("groups", __name__, template_folder="../templates")

from crm.groups.views import groups, rooms, stays  # noqa: E402, F401 -- doors hang themselves on bp

BLUEPRINTS = (bp,)

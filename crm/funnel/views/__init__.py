"""Doors of the funnel, for staff: the reports, and the rules by which people stand where they stand."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("funnel", __name__, template_folder="../templates")

from crm.funnel.views import reports, rules  # noqa: E402, F401 -- doors hang themselves on bp

BLUEPRINTS = (bp,)

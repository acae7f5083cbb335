"""People by hand, imports, merges, and what somebody may ask about their data."""

from flask import Blueprint

bp = Blueprint("people", __name__, template_folder="../templates")

from crm.people.views import data, imports, many, merges, person, running, suppressions  # noqa: E402 -- doors hang themselves on bp

BLUEPRINTS = (bp,)
__all__ = ["BLUEPRINTS", "data", "imports", "many", "merges", "person", "running", "suppressions"]

"""Doors of the desk: Home, the list of people, a person's page. Two blueprints, for each stands in the navigation."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("desk", __name__, template_folder="../templates")
people_bp = Blueprint("directory", __name__, template_folder="../templates")

from crm.desk.views import home, listing, person, waiting  # noqa: E402, F401 -- doors hang themselves on the blueprints

BLUEPRINTS = (bp, people_bp)

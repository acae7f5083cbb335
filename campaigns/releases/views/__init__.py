"""Doors of releases: the calendar, one release, its trains; and the page that a release's letter leads to."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("releases", __name__, template_folder="../templates")

from campaigns.releases.views import calendar, moving, planning, recipients, release, reports, testers_page, trains  # noqa: E402, F401 -- doors hang themselves on bp

BLUEPRINTS = (bp,)

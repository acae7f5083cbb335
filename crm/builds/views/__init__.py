"""Doors of builds: the catalogue for staff, files and the token of their app for testers."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("builds", __name__, template_folder="../templates")

from crm.builds.views import catalogue, downloads, feeds, resumable, seats, tokens, uploads  # noqa: E402, F401 -- doors hang themselves on bp

BLUEPRINTS = (bp,)

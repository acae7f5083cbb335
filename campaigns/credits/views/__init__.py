"""Doors of the boot screen: editions for the release manager, My name for testers."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("credits", __name__, template_folder="../templates")

from campaigns.credits.views import asking, drawn, editions, my_name, people, sharing  # noqa: E402, F401 -- doors hang themselves on bp

BLUEPRINTS = (bp,)

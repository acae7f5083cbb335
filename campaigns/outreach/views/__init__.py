"""Pages of campaigns."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("outreach", __name__, template_folder="../templates")

from campaigns.outreach.views import campaigns, drafts, hand, invitations, results, starting, steps  # noqa: E402, F401 -- doors hang themselves on bp

BLUEPRINTS = (bp,)

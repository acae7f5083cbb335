"""Pages of campaigns."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("outreach", __name__, template_folder="../templates")

from campaigns.outreach.views import (  # noqa: E402 -- doors hang themselves on bp
    campaigns,  # noqa: F401 -- see above
    drafts,  # noqa: F401 -- see above
    hand,  # noqa: F401 -- see above
    invitations,  # noqa: F401 -- see above
    recording,  # noqa: F401 -- see above
    results,  # noqa: F401 -- see above
    starting,  # noqa: F401 -- see above
    steps,  # noqa: F401 -- see above
)

BLUEPRINTS = (bp,)

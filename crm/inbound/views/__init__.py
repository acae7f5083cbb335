"""Pages of what comes in."""

from flask import Blueprint

bp = Blueprint("inbound", __name__, template_folder="../templates")

from crm.inbound.views import answering, incoming, limits, mailboxes  # noqa: E402, F401 -- doors hang themselves on bp

BLUEPRINTS = (bp,)
